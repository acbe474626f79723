"""Sections 4, 8, 9, 10: licenses, membership, the cluster's id, vouchers, the handshake."""

from arctic import computed, handshake, licenses, refusals, vouchers
from arctic.door import Door
from arctic.text import bytes_from_base64url


def licenses_(vectors):
    roots = vectors["roots"]
    for case in vectors["valid"]:
        yield "valid", case["name"], None, licenses.license_code(roots, case["document"])
        yield "valid", case["name"] + " (hash)", case["hash"], licenses.license_hash(case["document"])
    for case in vectors["refused"]:
        yield "refused", case["name"], case["code"], licenses.license_code(roots, case["document"])
    for case in vectors["customer_limited"]:
        yield "customer_limited", case["name"], case["code"], licenses.license_code(case["roots"], case["document"])
    for case in vectors["successors"]:
        yield "successors", case["name"], case["succeeds"], licenses.succeeds(vectors["held"], case["next"])
    for case in vectors["states"]:
        yield "states", str(case["at_ms"]), case["state"], licenses.state_at(vectors["held"], case["at_ms"])


def _progress(value):
    return value["state"], value["behind_ms"]


def license_states(vectors):
    for case in vectors["steps"]:
        found = licenses.advance(_progress(case["from"]), case["by_dates"], case["elapsed_ms"], case["skews_ms"])
        yield "steps", case["name"], _progress(case["to"]), found
    for case in vectors["runs"]:
        progress, states = _progress(case["from"]), []
        for _ in case["states"]:
            progress = licenses.advance(progress, case["by_dates"], licenses.TICK_MS, [])
            states.append(progress[0])
        yield "runs", case["name"], case["states"], states
    for case in vectors["renewals"]:
        found = licenses.renewed(_progress(case["from"]), case["by_dates"])
        yield "renewals", case["name"], _progress(case["to"]), found


def memberships(vectors):
    for case in vectors["cases"]:
        for turned in (False, True):
            step = -1 if turned else 1
            membership = computed.Membership(
                case["self"], case["admissions"][::step], case["revocations"][::step], case["left"][::step]
            )
            for peer, standing in case["standings"]:
                yield "cases", "%s: %s" % (case["name"], peer), standing, membership.standing_of(peer)
            yield "cases", case["name"] + " (members)", case["members"], membership.members()


def cluster_ids(vectors):
    for case in vectors["cases"]:
        for claims in (case["claims"], case["claims"][::-1]):
            found = computed.elect_cluster_id(claims, case["revoked"], vectors["customer_id"], vectors["now_ms"])
            yield "cases", case["name"], (case["elected"], case["minted_by"]), found


def vouchers_(vectors):
    signer_key = bytes_from_base64url(vectors["signer_key"])
    for section, expected in (("valid", True), ("refused", False)):
        for case in vectors[section]:
            found = vouchers.is_taken(case["voucher"], signer_key, vectors["customer_id"], vectors["now_ms"])
            yield section, case["name"], expected, found


def handshakes(vectors):
    hello, welcome = vectors["hello"], vectors["welcome"]
    transcript = handshake.transcript_hash(hello, welcome, bytes.fromhex(vectors["binding"]))
    found = handshake.transcript_bytes(hello, welcome, bytes.fromhex(vectors["binding"]))
    yield "transcript_bytes", "byte for byte", vectors["transcript_bytes"], found.hex()
    yield "transcript", "its hash", vectors["transcript"], transcript.hex()
    for role, greeting in (("initiator", hello), ("responder", welcome)):
        signature = vectors["signatures"][role]
        yield "signatures", role, True, handshake.is_signed_by(greeting, role, transcript, signature)
    for case in vectors["refused"]:
        seen = handshake.transcript_hash(case["hello"], case["welcome"], bytes.fromhex(case["binding"]))
        signer = case["hello"] if case["role"] == "initiator" else case["welcome"]
        yield "refused", case["name"], False, handshake.is_signed_by(signer, case["role"], seen, case["signature"])
    for case in vectors["greetings"]:
        yield "greetings", case["name"], case["code"], handshake.greeting_code(case["own"], case["theirs"])


def secrets(vectors):
    for case in vectors["cases"]:
        for held in (case["secrets"], case["secrets"][::-1]):
            current = computed.current_secret(held)
            yield "cases", case["name"] + " (current)", case["current"], None if current is None else current["name"]
            found = computed.accepted_secrets(held, case["now_ms"], case["replaced_at"], case["outlived_at"])
            yield "cases", case["name"], case["accepted"], found


def doors(vectors):
    for case in vectors["cases"]:
        door = Door(vectors["self"], vectors["customer_id"], vectors["now_ms"], case["door"])
        yield "cases", case["name"], case["answer"], door.answer(case["way"], case["theirs"])


def faults(vectors):
    table = refusals.fault_by_code()
    for case in vectors["faults"]:
        yield "faults", case["code"], case["fault"], table.pop(case["code"], None)
    yield "faults", "the document names no other refusal", {}, table


CHECKS = {
    "cluster-ids.json": cluster_ids,
    "doors.json": doors,
    "faults.json": faults,
    "handshakes.json": handshakes,
    "license-states.json": license_states,
    "licenses.json": licenses_,
    "memberships.json": memberships,
    "secrets.json": secrets,
    "vouchers.json": vouchers_,
}
