"""Section 12.7: whom to link with."""

from .ids import DAY_MS, key_mark

WORD = 2**32
FULL_MESH = 32
WATCH_EVERY_MS = (3_000, 15_000)


def mix(h):
    h ^= h >> 16
    h = h * 0x85EBCA6B % WORD
    h ^= h >> 13
    h = h * 0xC2B2AE35 % WORD
    return h ^ h >> 16


def place(peer):
    word = 0
    for char in key_mark(peer):
        word = (31 * word + ord(char)) % WORD
    return mix(word)


def ring_of(members, ring, rings, now_ms):
    """All members in the order of the ring."""
    draw = (now_ms * rings + ring * DAY_MS) // (DAY_MS * rings)
    salt = mix((ring * 0x9E3779B1 + draw) % WORD)
    return sorted(members, key=lambda peer: (mix(place(peer) ^ salt), peer))


def neighbours(own, members, now_ms):
    """(targets, watched as (peer, how often in milliseconds))."""
    if len(members) < 2:
        return set(), []
    is_small = len(members) <= FULL_MESH
    rings = 2 if is_small else (len(members) - 1).bit_length() + 3
    targets = {peer for peer in members if peer != own} if is_small else set()
    watched = []
    for ring in range(rings):
        order = ring_of(members, ring, rings, now_ms)
        at = order.index(own)
        after = order[(at + 1) % len(order)]
        if not is_small:
            targets |= {order[at - 1], after}
        if ring < len(WATCH_EVERY_MS) and after not in [peer for peer, _ in watched]:
            watched.append((after, WATCH_EVERY_MS[ring]))
    return targets, watched
