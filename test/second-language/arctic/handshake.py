"""Section 10: the handshake."""

import hashlib

from . import ids
from .ed25519 import key_reason, verify
from .signed import domain
from .text import bytes_or_none, lp

PROTOCOL = 1


def _raw(text):
    return bytes_or_none(text) or b""


def transcript_bytes(hello, welcome, binding):
    return domain("arctic/handshake/v1") + lp(
        str(hello["protocol"]),
        _raw(hello["challenge"]),
        _raw(welcome["challenge"]),
        hello["peer_id"],
        welcome["peer_id"],
        _raw(hello["public_key"]),
        _raw(welcome["public_key"]),
        hello["license_id"],
        _raw(hello["license_hash"]),
        welcome["license_id"],
        _raw(welcome["license_hash"]),
        hello["customer_id"],
        binding,
    )


def transcript_hash(hello, welcome, binding):
    return hashlib.sha256(transcript_bytes(hello, welcome, binding)).digest()


def is_signed_by(greeting, role, transcript, signature_text):
    signature = bytes_or_none(signature_text)
    if signature is None:
        return False
    return verify(_raw(greeting["public_key"]), domain("arctic/handshake/%s/v1" % role) + transcript, signature)


def greeting_code(own, theirs):
    """Section 10.3 for a key that was never taken up: None where the door is asked next."""
    if theirs["protocol"] != own["protocol"]:
        return "handshake_version"
    if any(theirs[field] == own[field] for field in ("peer_id", "public_key", "challenge")):
        return "handshake_self"
    if any(bytes_or_none(theirs[field], 32) is None for field in ("public_key", "challenge", "license_hash")):
        return "frame_malformed"
    public_key = _raw(theirs["public_key"])
    if not ids.commits(theirs["peer_id"], public_key) or key_reason(public_key) is not None:
        return "handshake_key_mismatch"
    return None
