"""Sections 1 to 3: text, bytes, signatures, ids, versions, times."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from arctic import ed25519, ids, network, signed, strict_json, text
from arctic.text import Refused


def reason_of(work):
    """The reason of a refusal, or None where there is none."""
    try:
        work()
    except Refused as refused:
        return refused.reason
    return None


def base64url(vectors):
    for case in vectors["valid"]:
        data = bytes.fromhex(case["bytes"])
        yield "valid", case["text"], case["text"], text.base64url(data)
        yield "valid", case["text"] + " back", case["bytes"], text.bytes_from_base64url(case["text"]).hex()
    for case in vectors["refused"]:
        yield "refused", repr(case["text"]), case["reason"], reason_of(lambda: text.bytes_from_base64url(case["text"]))


def canonical_json(vectors):
    for case in vectors["valid"]:
        for source in (case["json"], case["json"].encode("utf-8"), case["canonical"]):
            found = text.canonical_json(strict_json.parse_json(source))
            yield "valid", case["name"], case["canonical"], found
    for case in vectors["after_others"]:
        strict_json.parse_json(case["before"])
        found = text.canonical_json(strict_json.parse_json(case["json"]))
        yield "after_others", case["json"], case["canonical"], found
    for case in vectors["unsignable"]:
        value = strict_json.parse_json(case["json"])
        yield "unsignable", case["name"], "depth", reason_of(lambda: text.canonical_json(value))
    for case in vectors["refused"]:
        data = bytes.fromhex(case["bytes"])
        yield "refused", case["name"], case["reason"], reason_of(lambda: strict_json.parse_json(data))


def cidrs(vectors):
    for spelling in vectors["valid"]:
        found = network.parse_cidr(spelling)
        yield "valid", spelling, spelling.split("/")[1], None if found is None else str(found[2])
    for spelling in vectors["refused"]:
        yield "refused", repr(spelling), None, network.parse_cidr(spelling)
    for case in vectors["matches"]:
        cidr, address = network.parse_cidr(case["cidr"]), network.parse_address(case["address"])
        yield "matches", "%(address)s in %(cidr)s" % case, case["matches"], network.is_in(cidr, address)
    for spelling in vectors["refused_addresses"]:
        yield "refused_addresses", repr(spelling), None, network.parse_address(spelling)


def _library_verifies(public_key, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signatures(vectors):
    for case in vectors["cases"]:
        public_key, message, signature = (bytes.fromhex(case[name]) for name in ("public_key", "message", "signature"))
        reason = ed25519.signature_reason(public_key, message, signature)
        yield "cases", case["name"], case["reason"], reason
        yield "cases", case["name"] + " (valid)", case["valid"], reason is None
        key_reason = ed25519.key_reason(public_key)
        yield "cases", case["name"] + " (key)", case["key_reason"], key_reason
        yield "cases", case["name"] + " (key acceptable)", case["key_acceptable"], key_reason is None
        if reason is None:
            # OpenSSL is laxer than the strict rule at its edges, and never stricter.
            yield "cases", case["name"] + " (library)", case["valid"], _library_verifies(public_key, message, signature)


def _raw_public_key(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def signed_bytes(vectors):
    for case in vectors["signed"]:
        found = signed.signed_bytes(case["purpose"], case["object"])
        name = "%s %s" % (case["purpose"], case["bytes"][-16:])
        yield "signed", name, case["bytes"], found.hex()
        yield "signed", name + " (hash)", case["content_hash"], hashlib.sha256(found).hexdigest()
        seed = hashlib.sha256(case["signer_label"].encode("utf-8")).digest()
        key = Ed25519PrivateKey.from_private_bytes(seed)
        yield "signed", name + " (key)", case["public_key"], _raw_public_key(key).hex()
        yield "signed", name + " (signature)", case["object"]["signature"], text.base64url(key.sign(found))
    for case in vectors["domains"]:
        yield "domains", case["label"], case["bytes"], signed.domain(case["label"]).hex()
    for case in vectors["framed"]:
        yield "framed", case["bytes"][:32], case["bytes"], text.lp(*case["fields"]).hex()


def ids_(vectors):
    for case in vectors["valid"]:
        yield "valid", case["id"], True, ids.is_id(case["prefix"], case["id"])
    for case in vectors["refused"]:
        yield "refused", case["name"], False, ids.is_id(case["prefix"], case["id"])
    for case in vectors["peer_ids"]:
        key = text.bytes_from_base64url(case["public_key"])
        yield "peer_ids", case["id"], case["id"], ids.peer_id_of(key, case["minted_at_ms"])
        yield "peer_ids", case["id"] + " (time)", case["minted_at_ms"], ids.time_part(case["id"])
    for case in vectors["committed"]:
        key = text.bytes_from_base64url(case["public_key"])
        yield "committed", case["name"], case["commits"], ids.commits(case["id"], key)


def versions(vectors):
    for case in vectors["next"]:
        yield "next", case["name"], case["version"], ids.next_version(case["previous"], case["now_ms"])
    for case in vectors["instants"]:
        yield "instants", str(case["version"]), case["at_ms"], ids.version_at(case["version"])
    for case in vectors["judged"]:
        if ids.is_ahead(case["version"], case["now_ms"]):
            code = "record_ahead"
        else:
            code = "record_too_old" if ids.is_beyond_horizon(case["version"], case["now_ms"]) else None
        yield "judged", case["name"], case["code"], code
    for case in vectors["renewals"]:
        bucket = hashlib.sha256(case["key"].encode("utf-8")).digest()[0]
        due_ms = ids.version_at(case["version"]) + 8 * ids.DAY_MS + 6 * ids.DAY_MS * bucket // 256
        yield "renewals", case["key"], case["due_ms"], due_ms


def times(vectors):
    for case in vectors["valid"]:
        yield "valid", case["text"], case["at_ms"], text.ms_from_time(case["text"])
    for case in vectors["written"]:
        yield "written", case["text"], case["text"], text.time_from_ms(case["at_ms"])
    for spelling in vectors["refused"]:
        yield "refused", repr(spelling), None, text.ms_from_time(spelling)


CHECKS = {
    "base64url.json": base64url,
    "canonical-json.json": canonical_json,
    "cidrs.json": cidrs,
    "ids.json": ids_,
    "signatures.json": signatures,
    "signed-bytes.json": signed_bytes,
    "times.json": times,
    "versions.json": versions,
}
