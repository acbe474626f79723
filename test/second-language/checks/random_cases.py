"""Random cases with what the first implementation says of them (test/conformance/differential.test.ts makes the file)."""

from arctic import computed, digest, ids, kinds, licenses, messages, network, records, refusals, strict_json, text
from arctic.registry import Receiver
from arctic.text import Refused, bytes_from_base64url


def _json(data):
    try:
        value = strict_json.parse_json(data)
    except Refused:
        return "refused", None
    try:
        return "signable", text.canonical_json(value)
    except Refused:
        return "unsignable", None


def _has_shape(source):
    try:
        return records.has_shape(strict_json.parse_json(source))
    except Refused:
        return False


def _value(source):
    try:
        return strict_json.parse_json(source)
    except Refused:
        return None


def random_cases(setting, roots):
    faults = refusals.fault_by_code()

    def check(vectors):
        for case in vectors["json"]:
            data = bytes.fromhex(case["bytes"])
            yield "json", repr(data), (case["outcome"], case["canonical"]), _json(data)
        for case in vectors["frames"]:
            yield "frames", repr(case["text"]), case["code"], messages.frame_code(case["text"])
        for case in vectors["texts"]:
            source = case["text"]
            data = text.bytes_or_none(source)
            found = [
                text.ms_from_time(source),
                network.parse_cidr(source) is not None,
                network.parse_address(source) is not None,
                ids.is_id("peer", source),
                None if data is None else data.hex(),
            ]
            expected = [case[name] for name in ("at_ms", "is_cidr", "is_address", "is_peer_id", "bytes")]
            yield "texts", repr(source), expected, found
        for case in vectors["shapes"]:
            yield "shapes", repr(case["text"]), case["has_shape"], _has_shape(case["text"])
        for case in vectors["bodies"]:
            body = _value(case["text"])
            found = isinstance(body, dict) and bool(kinds.KINDS[case["kind"]].body(body))
            yield "bodies", case["kind"] + " " + repr(case["text"]), case["understood"], found
        for case in vectors["licenses"]:
            found = licenses.license_code(roots, _value(case["text"]))
            yield "licenses", repr(case["text"]), case["code"], found
        for case in vectors["memberships"]:
            found = computed.Membership(case["self"], case["admissions"], case["revocations"], case["left"])
            standings = [[peer, found.standing_of(peer)] for peer, _ in case["standings"]]
            yield "memberships", repr(case["admissions"]), case["standings"], standings
        for case in vectors["sketches"]:
            own = digest.sketch_of([bytes.fromhex(data) for data in case["own"]])
            found = digest.read_difference(own, bytes_from_base64url(case["cells"]))
            yield "sketches", case["cells"], case["difference"], None if found is None else list(found)
        for index, case in enumerate(vectors["intake"]):
            receiver = Receiver(
                setting["self"], setting["started_at_ms"], setting["now_ms"], setting["customer_id"], setting["held"],
                faults,
            )
            codes = receiver.take(case["records"])
            found = [codes, sorted(receiver.current)]
            yield "intake", str(index), [case["codes"], sorted(set(case["current"]))], found

    return check


