"""The field types that the tables of the document name."""

from . import ids
from .network import parse_cidr, parse_interface
from .text import MAX_SAFE, bytes_or_none, ms_from_time

HEX_DIGITS = "0123456789abcdef"
ABSENT = object()


def text(most=None, least=0):
    return lambda value: isinstance(value, str) and least <= len(value) and (most is None or len(value) <= most)


def exactly(*values):
    return lambda value: any(value is wanted or (isinstance(value, str) and value == wanted) for wanted in values)


def integer(least=-MAX_SAFE, most=MAX_SAFE):
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def boolean(value):
    return isinstance(value, bool)


def time(value):
    return ms_from_time(value) is not None


def id_of(prefix):
    return lambda value: ids.is_id(prefix, value)


def list_of(check, most):
    return lambda value: isinstance(value, list) and len(value) <= most and all(check(item) for item in value)


def any_value(_):
    return True


def document(value):
    return isinstance(value, (dict, list))


def optional(check):
    return lambda value: value is ABSENT or check(value)


def obj(**fields):
    """An object with these fields; others are passed over."""
    return lambda value: isinstance(value, dict) and all(
        check(value.get(name, ABSENT)) for name, check in fields.items()
    )


def both(*checks):
    return lambda value: all(check(value) for check in checks)


def tuple_of(*checks):
    return lambda value: (
        isinstance(value, list) and len(value) == len(checks) and all(check(item) for check, item in zip(checks, value))
    )


def characters(allowed, length):
    return lambda value: isinstance(value, str) and len(value) == length and all(char in allowed for char in value)


def key32(value):
    return isinstance(value, str) and len(value) == 43 and bytes_or_none(value, 32) is not None


def cidr(value):
    return isinstance(value, str) and parse_cidr(value) is not None


def interface(family):
    def check(value):
        found = parse_interface(value) if isinstance(value, str) else None
        return found is not None and found[0] == family

    return check


HOST = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"


def address(value):
    if not isinstance(value, str) or len(value) > 262:
        return False
    host, colon, port_text = value.rpartition(":")
    if not colon or not 1 <= len(port_text) <= 5 or any(char not in "0123456789" for char in port_text):
        return False
    if int(port_text) > 65535:
        return False
    if host.startswith("[") and host.endswith("]"):
        inner = host[1:-1]
        return inner != "" and all(char in HEX_DIGITS + ":" for char in inner)
    return host != "" and all(char in HOST for char in host)


label = text(128)
port = integer(1, 65535)
fingerprint = characters(HEX_DIGITS, 64)
