"""Section 1.3: addresses and networks in their one spelling."""


def _decimal(text, highest):
    if not text or len(text) > 3 or not text.isascii() or not text.isdigit() or (text[0] == "0" and text != "0"):
        return None
    return int(text) if int(text) <= highest else None


def parse_address(text):
    """(family, integer), or None."""
    return _parse_v6(text) if ":" in text else _parse_v4(text)


def _parse_v4(text):
    parts = [_decimal(part, 255) for part in text.split(".")]
    if len(parts) != 4 or None in parts:
        return None
    return 4, int.from_bytes(bytes(parts), "big")


def _parse_v6(text):
    if text.count("::") > 1 or any(char not in "0123456789abcdef:" for char in text):
        return None
    head, gap, tail = text.partition("::")
    groups = [group for half in (head, tail) if half for group in half.split(":")]
    if any(not 1 <= len(group) <= 4 for group in groups):
        return None
    numbers = [int(group, 16) for group in groups]
    if gap:
        missing = 8 - len(numbers)
        if missing < 1:
            return None
        split = len(head.split(":")) if head else 0
        numbers[split:split] = [0] * missing
    if len(numbers) != 8 or text_of_v6(numbers) != text:
        return None
    value = 0
    for number in numbers:
        value = value << 16 | number
    if value >> 32 == 0xFFFF:
        return None
    return 6, value


def text_of_v6(numbers):
    best_start, best_length = -1, 1
    for start in range(8):
        length = 0
        while start + length < 8 and numbers[start + length] == 0:
            length += 1
        if length > best_length:
            best_start, best_length = start, length
    words = ["%x" % number for number in numbers]
    if best_start < 0:
        return ":".join(words)
    return ":".join(words[:best_start]) + "::" + ":".join(words[best_start + best_length :])


def parse_interface(text):
    """(family, address, prefix) of an address with its prefix length, host bits and all, or None."""
    address, slash, prefix_text = text.partition("/")
    found = parse_address(address) if slash else None
    if found is None:
        return None
    prefix = _decimal(prefix_text, 32 if found[0] == 4 else 128)
    return None if prefix is None else (found[0], found[1], prefix)


def parse_cidr(text):
    """(family, network, prefix), or None."""
    found = parse_interface(text)
    if found is None:
        return None
    family, value, prefix = found
    host_bits = (32 if family == 4 else 128) - prefix
    return None if value & ((1 << host_bits) - 1) else found


def is_in(cidr, address):
    family, network, prefix = cidr
    shift = (32 if family == 4 else 128) - prefix
    return family == address[0] and network >> shift == address[1] >> shift
