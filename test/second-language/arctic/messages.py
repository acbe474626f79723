"""Section 12.1: messages by shape."""

from .shape import (
    any_value, boolean, characters, document, exactly, id_of, integer, list_of, obj, optional, text, time, tuple_of,
)
from .strict_json import parse_json
from .text import BASE64URL, Refused, utf16_length

FRAME_UNITS = 1024 * 1024
MOST = 8192

short = text(128)
bytes32 = characters(BASE64URL, 43)
signature = characters(BASE64URL, 86)
mark = characters(BASE64URL, 11)
group = exactly("peers", "services", "others")
hashes = obj(peers=bytes32, services=bytes32, others=bytes32)
records = list_of(any_value, MOST)
GREETING = dict(
    protocol=integer(1, 1000),
    challenge=bytes32,
    peer_id=id_of("peer"),
    public_key=bytes32,
    license_id=id_of("lic"),
    license_hash=bytes32,
    customer_id=id_of("cust"),
)


def _exactly_256(check):
    return lambda value: list_of(check, 256)(value) and len(value) == 256


MESSAGES = {
    "hello": obj(**GREETING),
    "welcome": obj(**GREETING, signature=signature),
    "proof": obj(signature=signature, license=optional(document)),
    "refusal": obj(code=short),
    "heartbeat": obj(
        boot=short,
        seq=integer(1),
        time=time,
        cluster_id=optional(id_of("clu")),
        license_id=optional(id_of("lic")),
        license_hash=optional(bytes32),
        license_issued_at=optional(time),
        hashes=hashes,
        records=records,
    ),
    "push": obj(records=records),
    "offer": obj(entries=list_of(tuple_of(short, id_of("peer"), short, integer(1)), MOST)),
    "want": obj(
        keys=optional(list_of(tuple_of(short, id_of("peer"), short), MOST)),
        group=optional(group),
        elements=optional(list_of(characters("0123456789abcdef", 16), 30)),
    ),
    "sketch": obj(group=group, cells=text(480, 480)),
    "buckets": obj(group=group, marks=_exactly_256(mark), is_answer=boolean),
    "ping": obj(nonce=short),
    "pong": obj(nonce=short, hashes=optional(hashes)),
    "voucher": obj(voucher=document),
    "voucher_wanted": obj(),
    "duplicate": obj(boots=tuple_of(short, short)),
    "license_wanted": obj(hash=bytes32),
    "license": obj(document=document),
    "call": obj(call=short, body=text()),
    "answer": obj(call=short, body=text()),
}


def frame_code(frame):
    """None where the frame is a message."""
    if utf16_length(frame) > FRAME_UNITS:
        return "frame_too_large"
    try:
        value = parse_json(frame)
    except Refused:
        return "frame_malformed"
    kind = value.get("type") if isinstance(value, dict) else None
    check = MESSAGES.get(kind) if isinstance(kind, str) else None
    return None if check is not None and check(value) else "frame_malformed"
