"""Sections 5 to 7 and 12.4: records, kinds, merge, intake, quotas, digests, sketches."""

import copy

from arctic import digest, kinds, records, refusals
from arctic.registry import Receiver, pages_of, room_for
from arctic.text import base64url, bytes_from_base64url

EMPTY_MARK = base64url(digest.sha256(b"")[:8])


def records_(vectors):
    for case in vectors["valid"]:
        record = case["record"]
        yield "valid", case["name"], (True, None), (records.has_shape(record), records.proof_code(record))
        yield "valid", case["name"] + " (hash)", case["hash"], records.content_hash(record).hex()
    for case in vectors["refused"]:
        record = case["record"]
        code = records.proof_code(record) if records.has_shape(record) else "record_malformed"
        yield "refused", case["name"], case["code"], code
    for case in vectors["order"]:
        yield "order", case["name"], True, records.rank(case["kept"]) > records.rank(case["beaten"])
    for case in vectors["digests"]:
        for held in (case["records"], case["records"][::-1]):
            yield "digests", case["name"], case["hashes"], digest.hashes_of(held)


def merge(vectors):
    for case in vectors["sets"]:
        held = case["records"]
        for turned in (held, held[::-1]):
            kept = turned[0]
            for record in turned[1:]:
                kept = record if records.rank(record) > records.rank(kept) else kept
            yield "sets", case["name"], records.content_hash(held[case["kept"]]), records.content_hash(kept)
        pairs = [
            [i, j] for i in range(len(held)) for j in range(i + 1, len(held)) if records.are_equivocal(held[i], held[j])
        ]
        yield "sets", case["name"] + " (equivocations)", case["equivocations"], pairs


def kinds_(vectors):
    for case in vectors["kinds"]:
        kind = kinds.KINDS.get(case["name"])
        found = None if kind is None else [kind.group, kind.lasting, kind.is_deletable, kind.limit]
        expected = [case[name] for name in ("group", "lasting", "is_deletable", "limit_per_owner")]
        yield "kinds", case["name"], expected, found
    limits = {"limit_per_owner": kinds.UNKNOWN_LIMIT, "tombstones_per_live": kinds.TOMBSTONES_A_LIVE_ONE}
    yield "unknown", "limits", vectors["unknown"], limits
    for case in vectors["ids"]:
        found = bool(kinds.KINDS[case["kind"]].id_fits(case["id"], case["owner"]))
        yield "ids", "%(kind)s %(id)s" % case, case["valid"], found
    for name, body in vectors["complete"].items():
        yield "complete", name, True, bool(kinds.KINDS[name].body(body))
    for index, case in enumerate(vectors["bodies"]):
        body = copy.deepcopy(vectors["complete"][case["kind"]])
        place = body
        for step in case["path"][:-1]:
            place = place[step]
        if "value" in case:
            place[case["path"][-1]] = case["value"]
        else:
            del place[case["path"][-1]]
        name = "%d: %s.%s" % (index, case["kind"], ".".join(case["path"]))
        yield "bodies", name, case["valid"], bool(kinds.KINDS[case["kind"]].body(body))


def intake(vectors):
    faults = refusals.fault_by_code()

    def receiver():
        return Receiver(
            vectors["self"], vectors["started_at_ms"], vectors["now_ms"], vectors["customer_id"], vectors["held"], faults
        )

    for case in vectors["single"]:
        codes = receiver().take([case["record"]])
        yield "single", case["name"], case["code"], codes[0] if codes else None
    for case in vectors["frames"]:
        one = receiver()
        codes = one.take(case["records"])
        yield "frames", case["name"], case["codes"], codes
        yield "frames", case["name"] + " (current)", sorted(set(case["current"])), sorted(one.current)


def pages(vectors):
    for case in vectors["cases"]:
        yield "cases", case["name"], case["pages"], pages_of(case["records"])


def quotas(vectors):
    for case in vectors["cases"]:
        limit = vectors["limit"] * (4 if case["tombstones"] else 1)
        held = [tuple(head) for head in case["held"]]
        outcome, evicted = room_for(limit, case["lasting"], held, tuple(case["incoming"]))
        expected = (case["outcome"], case["evicted"])
        yield "cases", case["name"], expected, (outcome, None if evicted is None else evicted[1])


def digests(vectors):
    yield "empty_mark", "of nothing", vectors["empty_mark"], EMPTY_MARK
    for case in vectors["places"]:
        record = case["record"]
        key = records.registry_key(record)
        found = [kinds.group_of(record["kind"]), key, digest.bucket_of(key), records.content_hash(record).hex()]
        yield "places", key, [case[name] for name in ("group", "key", "bucket", "content_hash")], found
    for case in vectors["registries"]:
        for held in (case["records"], case["records"][::-1]):
            yield "registries", case["name"], case["hashes"], digest.hashes_of(held)
            marks = {
                group: {str(at): mark for at, mark in enumerate(digest.marks_of(held, group)) if mark != EMPTY_MARK}
                for group in digest.GROUPS
            }
            yield "registries", case["name"] + " (marks)", case["marks"], marks


def sketches(vectors):
    for index, case in enumerate(vectors["sketches"]):
        hashes = [bytes.fromhex(data) for data in case["content_hashes"]]
        yield "sketches", str(index), case["cells"], base64url(digest.sketch_of(hashes))
        yield "sketches", "%d (elements)" % index, case["elements"], [data[:8].hex() for data in hashes]
    for case in vectors["differences"]:
        own = digest.sketch_of([bytes.fromhex(data) for data in case["own"]])
        found = digest.read_difference(own, bytes_from_base64url(case["cells"]))
        yield "differences", case["name"], (case["only_here"], case["only_there"]), found or (None, None)


CHECKS = {
    "digests.json": digests,
    "intake.json": intake,
    "kinds.json": kinds_,
    "merge.json": merge,
    "pages.json": pages,
    "quotas.json": quotas,
    "records.json": records_,
    "sketches.json": sketches,
}
