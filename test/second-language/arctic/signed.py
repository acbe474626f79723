"""Section 2: what is signed says what it is for."""

import hashlib

from . import ed25519
from .text import Refused, bytes_or_none, canonical_json


def domain(label):
    return label.encode("ascii") + b"\0"


def signed_bytes(purpose, obj):
    """Raises Refused where the object has no canonical form."""
    unsigned = {key: value for key, value in obj.items() if key != "signature"}
    return domain("arctic/%s/v1" % purpose) + canonical_json(unsigned).encode("utf-8")


def content_hash(record):
    return hashlib.sha256(signed_bytes("record", record)).digest()


def is_sealed_by(purpose, public_key, obj):
    signature = bytes_or_none(obj["signature"])
    if signature is None:
        return False
    try:
        return ed25519.verify(public_key, signed_bytes(purpose, obj), signature)
    except Refused:
        return False
