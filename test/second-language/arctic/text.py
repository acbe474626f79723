"""Section 1: text and bytes."""

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
MAX_SAFE = 2**53 - 1
READ_DEPTH = 16
SIGNED_DEPTH = 8


class Refused(Exception):
    """What is refused, with the reason that the vectors name."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def utf16_length(text):
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def base64url(data):
    out = []
    for start in range(0, len(data), 3):
        chunk = data[start : start + 3]
        word = int.from_bytes(chunk.ljust(3, b"\0"), "big")
        digits = [BASE64URL[(word >> shift) & 63] for shift in (18, 12, 6, 0)]
        out += digits[: len(chunk) + 1]
    return "".join(out)


def bytes_from_base64url(text):
    if len(text) % 4 == 1:
        raise Refused("length")
    if any(char not in BASE64URL for char in text):
        raise Refused("alphabet")
    value = 0
    for char in text:
        value = value << 6 | BASE64URL.index(char)
    length = len(text) * 6 // 8
    spare = len(text) * 6 - length * 8
    if value & ((1 << spare) - 1):
        raise Refused("second_spelling")
    return (value >> spare).to_bytes(length, "big")


def bytes_or_none(text, length=None):
    try:
        data = bytes_from_base64url(text)
    except Refused:
        return None
    return data if length is None or len(data) == length else None


def lp(*fields):
    parts = [field.encode("utf-8") if isinstance(field, str) else field for field in fields]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


# ---- 1.2 canonical JSON


def canonical_json(value):
    return _canonical(value, 0)


def _canonical(value, depth):
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        if abs(value) > MAX_SAFE:
            raise Refused("number")
        return str(value)
    if isinstance(value, str):
        return _canonical_string(value)
    if isinstance(value, (list, dict)) and depth >= SIGNED_DEPTH:
        raise Refused("depth")
    if isinstance(value, list):
        return "[" + ",".join(_canonical(item, depth + 1) for item in value) + "]"
    if isinstance(value, dict):
        if "__proto__" in value:
            raise Refused("proto")
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(_canonical_string(key) + ":" + _canonical(value[key], depth + 1) for key in keys) + "}"
    raise Refused("number")


SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def _canonical_string(text):
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise Refused("surrogate")
    out = []
    for char in text:
        if char in SHORT_ESCAPES:
            out.append(SHORT_ESCAPES[char])
        elif char < " ":
            out.append("\\u%04x" % ord(char))
        else:
            out.append(char)
    return '"' + "".join(out) + '"'


# ---- 1.3 time

DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def ms_from_time(text):
    """Milliseconds since the epoch, or None."""
    if not isinstance(text, str) or not text.isascii() or len(text) < 20 or text[-1] != "Z":
        return None
    shape = "dddd-dd-ddTdd:dd:dd"
    for char, wanted in zip(text, shape):
        if (wanted == "d" and not char.isdigit()) or (wanted != "d" and char != wanted):
            return None
    fraction = text[19:-1]
    if fraction:
        if fraction[0] != "." or not 1 <= len(fraction) - 1 <= 3 or not fraction[1:].isdigit():
            return None
    year, month, day = int(text[0:4]), int(text[5:7]), int(text[8:10])
    hour, minute, second = int(text[11:13]), int(text[14:16]), int(text[17:19])
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= month <= 12:
        return None
    month_days = DAYS_IN_MONTH[month - 1] + (1 if is_leap and month == 2 else 0)
    if not 1 <= day <= month_days or hour > 23 or minute > 59 or second > 59:
        return None
    days = _days_before_year(year) - _days_before_year(1970)
    days += sum(DAYS_IN_MONTH[: month - 1]) + (1 if is_leap and month > 2 else 0) + day - 1
    millis = int(fraction[1:].ljust(3, "0")) if fraction else 0
    return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + millis


def _days_before_year(year):
    # Days from 0000-01-01; the year 0 is a leap year.
    return year * 365 + (year + 3) // 4 - (year + 99) // 100 + (year + 399) // 400


def time_from_ms(at_ms):
    days, millis = divmod(at_ms, 86_400_000)
    year = 1970
    while True:
        start = _days_before_year(year) - _days_before_year(1970)
        if start > days:
            year -= 1
        elif _days_before_year(year + 1) - _days_before_year(1970) <= days:
            year += 1
        else:
            break
    rest = days - (_days_before_year(year) - _days_before_year(1970))
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    month = 0
    while True:
        length = DAYS_IN_MONTH[month] + (1 if is_leap and month == 1 else 0)
        if rest < length:
            break
        rest -= length
        month += 1
    seconds, millis = divmod(millis, 1000)
    clock = (seconds // 3600, seconds // 60 % 60, seconds % 60)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (year, month + 1, rest + 1, *clock, millis)
