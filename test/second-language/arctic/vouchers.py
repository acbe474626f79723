"""Section 9: vouchers."""

from . import ids
from .shape import id_of, obj, time
from .signed import is_sealed_by
from .text import bytes_or_none, ms_from_time

TTL_MS = 24 * ids.HOUR_MS
TOLERANCE_MS = 5 * ids.MINUTE_MS


def _long(length):
    return lambda value: isinstance(value, str) and len(value) == length


SHAPE = obj(
    voucher_id=id_of("vou"),
    peer_id=id_of("peer"),
    public_key=_long(43),
    customer_id=id_of("cust"),
    issued_at=time,
    expires_at=time,
    signer=id_of("peer"),
    signature=_long(86),
)


def is_taken(voucher, signer_key, customer_id, now_ms):
    if not SHAPE(voucher) or voucher["customer_id"] != customer_id:
        return False
    public_key = bytes_or_none(voucher["public_key"])
    if public_key is None or not ids.commits(voucher["peer_id"], public_key):
        return False
    issued_at, expires_at = ms_from_time(voucher["issued_at"]), ms_from_time(voucher["expires_at"])
    if expires_at - issued_at > TTL_MS or issued_at > now_ms + TOLERANCE_MS or expires_at < now_ms - TOLERANCE_MS:
        return False
    return is_sealed_by("voucher", signer_key, voucher)
