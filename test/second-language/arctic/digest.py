"""Sections 12.4 and 12.5: digests and sketches."""

import hashlib

from .kinds import group_of
from .records import registry_key
from .signed import content_hash
from .text import base64url, lp

GROUPS = ("peers", "services", "others")
CELLS, PARTS, ELEMENT, CHECK = 30, 3, 8, 3
CELL = 1 + ELEMENT + CHECK
CELLS_A_PART = CELLS // PARTS


def sha256(data):
    return hashlib.sha256(data).digest()


def bucket_of(key):
    return sha256(key.encode("utf-8"))[0]


def bucket_hashes(records, group):
    entries = [{} for _ in range(256)]
    for record in records:
        if group_of(record["kind"]) == group:
            key = registry_key(record)
            entry = lp(key, str(record["version"])) + content_hash(record)
            entries[bucket_of(key)][key.encode("utf-8")] = entry
    return [sha256(b"".join(bucket[key] for key in sorted(bucket))) for bucket in entries]


def hashes_of(records):
    return {group: base64url(sha256(b"".join(bucket_hashes(records, group)))) for group in GROUPS}


def marks_of(records, group):
    return [base64url(data[:8]) for data in bucket_hashes(records, group)]


def check_of(element):
    a, b = int.from_bytes(element[:4], "big"), int.from_bytes(element[4:], "big")
    return ((a * 0x9E3779B1 + b * 0x85EBCA77) % 2**32 >> 8).to_bytes(CHECK, "big")


def _toggle(cells, element, sign):
    check = check_of(element)
    for part in range(PARTS):
        place = int.from_bytes(element[2 * part : 2 * part + 2], "big") % CELLS_A_PART
        at = (part * CELLS_A_PART + place) * CELL
        cells[at] = (cells[at] + sign) % 256
        for offset, byte in enumerate(element + check):
            cells[at + 1 + offset] ^= byte


def sketch_of(content_hashes):
    cells = bytearray(CELLS * CELL)
    for data in content_hashes:
        _toggle(cells, data[:ELEMENT], 1)
    return bytes(cells)


def read_difference(own, theirs):
    """(only here, only there) as sorted hex, or None where the cells cannot be read."""
    cells = bytearray(a - b & 255 if at % CELL == 0 else a ^ b for at, (a, b) in enumerate(zip(own, theirs)))
    found = {1: [], 255: []}
    progressed = True
    while progressed:
        progressed = False
        for at in range(0, len(cells), CELL):
            element = bytes(cells[at + 1 : at + 1 + ELEMENT])
            check = bytes(cells[at + 1 + ELEMENT : at + CELL])
            if cells[at] not in found or check_of(element) != check:
                continue
            if len(found[1]) + len(found[255]) >= CELLS:
                return None
            found[cells[at]].append(element.hex())
            _toggle(cells, element, -1 if cells[at] == 1 else 1)
            progressed = True
    return None if any(cells) else (sorted(found[1]), sorted(found[255]))
