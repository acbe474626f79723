"""Every expectation in the vector files, turned round one at a time: a check that does not notice checks nothing."""

import copy

# By file and section: the fields that say what is expected. A section that is a list of plain values, or whose cases say
# what is expected by being in it, is turned by moving cases into another section.
FIELDS = {
    "base64url.json": {"valid": ["bytes", "text"], "refused": ["reason"]},
    "canonical-json.json": {"valid": ["canonical"], "after_others": ["canonical"], "refused": ["reason"]},
    "cidrs.json": {"matches": ["matches"]},
    "cluster-ids.json": {"cases": ["elected", "minted_by"]},
    "digests.json": {
        "places": ["group", "key", "bucket", "content_hash"], "registries": ["hashes", "marks"],
    },
    "doors.json": {"cases": ["answer"]},
    "faults.json": {"faults": ["fault", "code"]},
    "handshakes.json": {"greetings": ["code"]},
    "ids.json": {"peer_ids": ["id", "minted_at_ms"], "committed": ["commits"]},
    "intake.json": {"single": ["code"], "frames": ["codes", "current"]},
    "kinds.json": {
        "kinds": ["group", "lasting", "is_deletable", "limit_per_owner"], "ids": ["valid"], "bodies": ["valid"],
    },
    "license-states.json": {"steps": ["to"], "runs": ["states"], "renewals": ["to"]},
    "licenses.json": {
        "valid": ["hash"], "refused": ["code"], "customer_limited": ["code"], "successors": ["succeeds"],
        "states": ["state"],
    },
    "memberships.json": {"cases": ["standings", "members"]},
    "merge.json": {"sets": ["equivocations"]},
    "messages.json": {"changes": ["code"], "frames": ["code"], "long": ["code"]},
    "overlay.json": {"cases": ["targets", "watched"]},
    "pages.json": {"cases": ["pages"]},
    "quotas.json": {"cases": ["outcome", "evicted"]},
    "records.json": {"valid": ["hash"], "refused": ["code"], "digests": ["hashes"]},
    "secrets.json": {"cases": ["current", "accepted"]},
    "signatures.json": {"cases": ["valid", "reason", "key_acceptable", "key_reason"]},
    "signed-bytes.json": {"signed": ["bytes", "content_hash", "public_key"], "domains": ["bytes"], "framed": ["bytes"]},
    "sketches.json": {"sketches": ["cells", "elements"], "differences": ["only_here", "only_there"]},
    "times.json": {"valid": ["at_ms"], "written": ["text"]},
    "versions.json": {"next": ["version"], "instants": ["at_ms"], "judged": ["code"], "renewals": ["due_ms"]},
    "vouchers.json": {},
}
# An index: another of as many.
OTHER_INDEX = {"merge.json": [("sets", "kept", "records")]}
MOVES = {
    "cidrs.json": [("valid", "refused"), ("refused", "valid")],
    "ids.json": [("valid", "refused"), ("refused", "valid")],
    "vouchers.json": [("valid", "refused"), ("refused", "valid")],
}
SWAPS = {"records.json": [("order", "kept", "beaten")]}


def flipped(name, vectors):
    """(what was turned, the vectors with it) for every expectation of a file."""
    for section, fields in FIELDS.get(name, {}).items():
        for index, case in enumerate(vectors[section]):
            for field in fields:
                yield "%s[%d].%s" % (section, index, field), _with(vectors, section, index, {field: turned(case[field])})
    for section, field, of in OTHER_INDEX.get(name, []):
        for index, case in enumerate(vectors[section]):
            other = (case[field] + 1) % len(case[of])
            if case[of][other] != case[of][case[field]]:
                yield "%s[%d].%s" % (section, index, field), _with(vectors, section, index, {field: other})
    for source, target in MOVES.get(name, []):
        for index, case in enumerate(vectors[source]):
            moved = {**vectors, target: vectors[target] + [_named(case)]}
            yield "%s[%d] as %s" % (source, index, target), moved
    for section, one, other in SWAPS.get(name, []):
        for index, case in enumerate(vectors[section]):
            swapped = {one: case[other], other: case[one]}
            yield "%s[%d] %s and %s" % (section, index, one, other), _with(vectors, section, index, swapped)


def narrowed(vectors, turned_vectors):
    """Only what was touched stays, so that a file is not checked whole for each of its expectations."""
    small = {}
    for section, value in turned_vectors.items():
        if isinstance(value, list) and value is vectors[section] and section not in ("held", "roots", "messages", "peers"):
            small[section] = []
        elif isinstance(value, list) and value is not vectors[section]:
            before = vectors[section]
            small[section] = [case for index, case in enumerate(value) if index >= len(before) or case is not before[index]]
        else:
            small[section] = value
    return small


def turned(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return ("0" if value[:1] != "0" else "1") + value[1:]
    if isinstance(value, list):
        return value + [["turned", "turned"]] if value and isinstance(value[0], list) else value + ["turned"]
    if isinstance(value, dict):
        # One member more where members are compared, another one where they are read by name.
        return {**{key: turned(inner) for key, inner in value.items()}, "turned": "turned"}
    return "turned"


def _with(vectors, section, index, changes):
    cases = list(vectors[section])
    cases[index] = {**copy.deepcopy(cases[index]), **changes}
    return {**vectors, section: cases}


def _named(case):
    return {"name": "moved", **case} if isinstance(case, dict) else case
