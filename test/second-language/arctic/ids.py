"""Section 3: ids, keys, versions."""

import hashlib

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
AHEAD_MS = 10 * MINUTE_MS
HORIZON_MS = 30 * DAY_MS


def is_id(prefix, text):
    if not isinstance(text, str) or not text.startswith(prefix + "_"):
        return False
    ulid = text[len(prefix) + 1 :]
    return len(ulid) == 26 and ulid[0] in "01234567" and all(char in CROCKFORD for char in ulid)


def _base32(number, length):
    return "".join(CROCKFORD[(number >> (5 * place)) & 31] for place in reversed(range(length)))


def key_mark(peer_id):
    return peer_id[-16:]


def mark_of_key(public_key):
    return _base32(int.from_bytes(hashlib.sha256(public_key).digest()[:10], "big"), 16)


def commits(peer_id, public_key):
    return key_mark(peer_id) == mark_of_key(public_key)


def peer_id_of(public_key, minted_at_ms):
    return "peer_" + _base32(minted_at_ms, 10) + mark_of_key(public_key)


def ulid_of(text):
    return text[-26:]


def time_part(text):
    value = 0
    for char in ulid_of(text)[:10]:
        value = value << 5 | CROCKFORD.index(char)
    return value


def version_at(version):
    return version // 1024


def next_version(previous, now_ms):
    if previous is not None and version_at(previous) <= now_ms + AHEAD_MS:
        return max(previous + 1, now_ms * 1024)
    return now_ms * 1024


def is_ahead(version, now_ms):
    return version_at(version) > now_ms + AHEAD_MS


def is_beyond_horizon(version, now_ms):
    return version_at(version) < now_ms - HORIZON_MS
