"""Sections 5 and 7.1: records, their proof, and which of two is kept."""

from . import ids
from .signed import content_hash, is_sealed_by, signed_bytes
from .text import Refused, bytes_or_none, utf16_length
from .shape import integer

LOWER = "abcdefghijklmnopqrstuvwxyz"
KIND_REST = LOWER + "0123456789._-"
ID_CHARACTERS = LOWER + LOWER.upper() + "0123456789._:-"
RECORD_BYTES = 8192


def registry_key(record):
    return "%s|%s|%s" % (record["kind"], record["owner"], record["id"])


def is_tombstone(record):
    return record.get("deleted") is True


def _is_kind(text):
    if not isinstance(text, str):
        return False
    name = text[:-1] if text.endswith("!") else text
    return 1 <= len(name) <= 63 and name[0] in LOWER and all(char in KIND_REST for char in name)


def _is_id(text):
    return isinstance(text, str) and 1 <= len(text) <= 128 and all(char in ID_CHARACTERS for char in text)


def has_shape(value):
    if not isinstance(value, dict):
        return False
    if not (_is_kind(value.get("kind")) and _is_id(value.get("id")) and ids.is_id("peer", value.get("owner"))):
        return False
    key, signature = value.get("key"), value.get("signature")
    if not isinstance(key, str) or utf16_length(key) != 43:
        return False
    if not isinstance(signature, str) or utf16_length(signature) != 86:
        return False
    if not integer(1)(value.get("version")) or not ids.is_id("cust", value.get("customer_id")):
        return False
    is_live = isinstance(value.get("body"), dict) and "deleted" not in value
    is_dead = value.get("deleted") is True and "body" not in value
    return is_live or is_dead


def proof_code(record):
    """Section 5, a record by itself: None where it proves itself."""
    public_key = bytes_or_none(record["key"], 32)
    if public_key is None or not ids.commits(record["owner"], public_key):
        return "record_key_mismatch"
    try:
        signed_bytes("record", record)
    except Refused:
        return "record_malformed"
    return None if is_sealed_by("record", public_key, record) else "record_signature_invalid"


def rank(record):
    """Section 7.1: of two records of one key the one with the greater rank is kept."""
    return (is_tombstone(record), record["version"], content_hash(record))


def are_equivocal(a, b):
    return a["version"] == b["version"] and content_hash(a) != content_hash(b)


