"""Section 4: licenses."""

import hashlib

from .ids import DAY_MS, HOUR_MS, MINUTE_MS
from .shape import id_of, integer, list_of, obj, text, time
from .signed import is_sealed_by, signed_bytes
from .text import base64url, bytes_or_none, ms_from_time

SHAPE = obj(
    customer_id=id_of("cust"),
    license_id=id_of("lic"),
    replaces=list_of(id_of("lic"), 64),
    issued_at=time,
    expires_at=time,
    max_nodes=integer(1),
    max_services=integer(0),
    features=list_of(text(64), 64),
    key_id=text(64, 1),
    signature=text(),
)


def license_code(roots, document):
    """None where the license is taken."""
    if not SHAPE(document):
        return "license_malformed"
    named = [root for root in roots if root["key_id"] == document["key_id"]]
    if not named:
        return "license_root_unknown"
    own = [root for root in named if root.get("customer_id") == document["customer_id"]]
    open_to_all = [root for root in named if "customer_id" not in root]
    root = (own or open_to_all or named)[0]
    if root.get("customer_id", document["customer_id"]) != document["customer_id"]:
        return "license_customer_mismatch"
    public_key = bytes_or_none(root["public_key"])
    if public_key is None or not is_sealed_by("license", public_key, document):
        return "license_signature_invalid"
    return None


def license_hash(document):
    signature = bytes_or_none(document["signature"]) or b""
    return base64url(hashlib.sha256(hashlib.sha256(signed_bytes("license", document)).digest() + signature).digest())


def succeeds(held, following):
    is_named = following["license_id"] == held["license_id"] or held["license_id"] in following["replaces"]
    is_later = ms_from_time(following["issued_at"]) > ms_from_time(held["issued_at"])
    return following["customer_id"] == held["customer_id"] and is_named and is_later


def state_at(document, now_ms):
    age_days_ms = now_ms - ms_from_time(document["expires_at"])
    state = "valid"
    for name, days in (("warning", -30), ("grace", 0), ("read_only", 14), ("suspended", 44)):
        if age_days_ms >= days * DAY_MS:
            state = name
    return state


STATES = ("valid", "warning", "grace", "read_only", "suspended")
TICK_MS = 10 * MINUTE_MS
TRUSTED_SKEW_MS = 10 * MINUTE_MS


def advance(progress, by_dates, elapsed_ms, skews_ms):
    """Section 4.1: (state, behind) after one look."""
    state, behind_ms = progress
    median = sorted(skews_ms)[len(skews_ms) // 2] if skews_ms else 0
    if abs(median) > TRUSTED_SKEW_MS:
        return progress
    if STATES.index(by_dates) <= STATES.index(state):
        return by_dates, 0
    behind_ms += max(0, min(elapsed_ms, TICK_MS))
    if behind_ms >= HOUR_MS:
        return STATES[STATES.index(state) + 1], 0
    return state, behind_ms


def renewed(progress, by_dates):
    return (by_dates, 0) if STATES.index(by_dates) < STATES.index(progress[0]) else progress
