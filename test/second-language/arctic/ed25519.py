"""Section 2: the strict rule, in whole numbers. Slow, and nothing in it is constant in time: it only verifies."""

import functools
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
SIGN = 1 << 255
SMALL_ORDER_Y = {
    int.from_bytes(bytes.fromhex(text), "little")
    for text in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
}
ZERO = (0, 1, 1, 0)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    total = ZERO
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def decode(data):
    """The point, or None where no point has this y."""
    number = int.from_bytes(data, "little")
    y, sign = number & (SIGN - 1), number >> 255
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = pow(u * pow(v, P - 2, P), (P + 3) // 8, P)
    if (v * x * x - u) % P:
        x = x * SQRT_M1 % P
    if (v * x * x - u) % P:
        return None
    if x & 1 != sign:
        x = -x % P
    return x, y, 1, x * y % P


def encode(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def _is_canonical(data):
    number = int.from_bytes(data, "little")
    y = number & (SIGN - 1)
    return y < P and not (number & SIGN and y in (1, P - 1))


def _is_small_order(data):
    return int.from_bytes(data, "little") & (SIGN - 1) in SMALL_ORDER_Y


@functools.lru_cache(maxsize=4096)
def signature_reason(public_key, message, signature):
    """The step that refuses, or None where the signature holds."""
    if len(public_key) != 32 or len(signature) != 64:
        return "length"
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if not (_is_canonical(public_key) and _is_canonical(r)):
        return "non_canonical"
    if _is_small_order(public_key) or _is_small_order(r):
        return "small_order"
    if s >= L:
        return "s_range"
    a = decode(public_key)
    if a is None:
        return "equation"
    k = int.from_bytes(hashlib.sha512(r + public_key + message).digest(), "little") % L
    minus_a = (-a[0] % P, a[1], 1, -a[3] % P)
    return None if encode(add(multiply(s, BASE), multiply(k, minus_a))) == r else "equation"


def verify(public_key, message, signature):
    return signature_reason(public_key, message, signature) is None


@functools.lru_cache(maxsize=4096)
def key_reason(public_key):
    """Why a key that is new may not be taken up, or None where it may."""
    if len(public_key) != 32:
        return "length"
    if not _is_canonical(public_key):
        return "non_canonical"
    if _is_small_order(public_key):
        return "small_order"
    point = decode(public_key)
    if point is None:
        return "not_a_point"
    x, y, z, _ = multiply(L, point)
    return None if x % P == 0 and (y - z) % P == 0 else "torsion"
