"""Sections 7.2 and 7.4: what a receiver checks, in this order, and who stays above an owner's limit."""

from . import ids
from .computed import membership_from
from .ed25519 import key_reason
from .kinds import KINDS, is_lasting, limit_of, place_of
from .records import RECORD_BYTES, are_equivocal, has_shape, is_tombstone, rank, registry_key
from .signed import is_sealed_by, signed_bytes
from .text import Refused, bytes_or_none

FIRST_KINDS = ("admission", "revocation", "peer")
FAULTS_A_MINUTE = 20
PAGE_UNITS = 32_768


def in_gossip_order(records):
    """Section 12.6; a stable sort."""
    return sorted(records, key=lambda r: FIRST_KINDS.index(r["kind"]) if r["kind"] in FIRST_KINDS else len(FIRST_KINDS))


def pages_of(records):
    """Section 12.6 over [kind, units of text] pairs: the indices of each page."""
    pages, size = [], 0
    for index in in_gossip_order([{"kind": kind, "index": at} for at, (kind, _) in enumerate(records)]):
        units = records[index["index"]][1]
        if not pages or size + units > PAGE_UNITS:
            pages.append([])
            size = 0
        pages[-1].append(index["index"])
        size += units
    return pages


def room_for(limit, lasting, held, incoming):
    """Section 7.4 over heads of one state, [version, id] or [version, id, kind]: (outcome, what gives way)."""
    if len(held) < limit:
        return "free", None
    order = (lambda head: tuple(head)) if lasting else (lambda head: tuple(head[1:]))
    last = max(held, key=order)
    return ("evict", last) if order(incoming) < order(last) else ("full", None)


class Receiver:
    def __init__(self, self_id, started_at_ms, now_ms, customer_id, held, faults):
        self.self_id, self.started_at_ms, self.now_ms = self_id, started_at_ms, now_ms
        self.customer_id, self.faults = customer_id, faults
        self.held = {registry_key(record): record for record in held}
        self.keys = {record["owner"]: record["key"] for record in held}
        self.current = set()

    def take(self, values):
        """The codes of the refusals, sorted, for the values of one frame."""
        codes = []
        queue = []
        for value in values:
            if has_shape(value):
                queue.append(value)
            else:
                codes.append("record_malformed")
        waiting = in_gossip_order(queue)
        progressed = True
        while progressed and waiting:
            progressed = False
            unknown = []
            for record in waiting:
                if self._faults_in(codes) > FAULTS_A_MINUTE:
                    return sorted(codes)
                code = self._take_one(record)
                if code is None:
                    progressed = True
                elif code == "record_owner_unknown":
                    unknown.append(record)
                else:
                    codes.append(code)
            waiting = unknown
        return sorted(codes + ["record_owner_unknown"] * len(waiting))

    def _faults_in(self, codes):
        return sum(1 for code in codes if self.faults[code] == "sender")

    def _take_one(self, record):
        code = self._judge(record)
        if code is not None:
            return code
        key = registry_key(record)
        held = self.held.get(key)
        if held is not None and are_equivocal(held, record) and rank(held) > rank(record):
            return "record_superseded"
        if record["owner"] == self.self_id and ids.version_at(record["version"]) >= self.started_at_ms:
            return "identity_cloned"
        self.held[key] = record
        self.keys[record["owner"]] = record["key"]
        self.current.add(key)
        return None

    def _judge(self, record):
        if record["customer_id"] != self.customer_id:
            return "record_foreign"
        held = self.held.get(registry_key(record))
        if held is not None:
            if (held["version"], held["signature"]) == (record["version"], record["signature"]):
                return "record_held"
            if is_tombstone(held) != is_tombstone(record):
                is_beaten = is_tombstone(held)
            else:
                is_beaten = held["version"] > record["version"]
            if is_beaten:
                return "record_superseded"
        public_key = bytes_or_none(record["key"], 32)
        if public_key is None or not ids.commits(record["owner"], public_key):
            return "record_key_mismatch"
        if ids.is_ahead(record["version"], self.now_ms):
            return "record_ahead"
        is_own = record["owner"] == self.self_id
        is_excepted = is_lasting(record) or (is_own and not is_tombstone(record))
        if not is_excepted and ids.is_beyond_horizon(record["version"], self.now_ms):
            return "record_too_old"
        if not is_own:
            membership = membership_from(self.self_id, self.held.values())
            if record["owner"] not in membership.admitted:
                return "record_owner_unknown"
            if membership.standing_of(record["owner"]) != "member" and not is_lasting(record):
                return "record_owner_ended"
        kind = KINDS.get(record["kind"])
        if kind is not None and not kind.id_fits(record["id"], record["owner"]):
            return "record_malformed"
        if kind is not None and is_tombstone(record) and not kind.is_deletable:
            return "record_not_deletable"
        return self._judge_content(record, held, public_key)

    def _judge_content(self, record, held, public_key):
        try:
            data = signed_bytes("record", record)
        except Refused:
            return "record_malformed"
        if len(data) > RECORD_BYTES:
            return "record_too_large"
        if held is not None and rank(held) == rank(record):
            return "record_held"
        if self._has_no_room(record, held):
            return "record_quota"
        if not is_sealed_by("record", public_key, record):
            return "record_signature_invalid"
        if self.keys.get(record["owner"]) != record["key"] and key_reason(public_key) is not None:
            return "record_key_mismatch"
        return None

    def _has_no_room(self, record, held):
        if held is not None:
            return False
        head = lambda one: (one["version"], one["id"], one["kind"])
        place = lambda one: (one["owner"], place_of(one["kind"]), is_tombstone(one))
        same = [head(other) for other in self.held.values() if place(other) == place(record)]
        outcome, _ = room_for(limit_of(record), is_lasting(record), same, head(record))
        return outcome == "full"


