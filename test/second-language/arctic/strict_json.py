"""Section 1.1: reading JSON so strictly that two readers cannot see two things."""

from .text import MAX_SAFE, READ_DEPTH, Refused

WHITE = " \t\r\n"
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
HEX = "0123456789abcdefABCDEF"


def parse_json(data):
    """The value in a text or in bytes, or Refused with the reason."""
    if isinstance(data, bytes):
        try:
            text = data.decode("utf-8", "strict")
        except UnicodeDecodeError:
            raise Refused("utf8") from None
    else:
        text = data
    if text.startswith("\ufeff"):
        raise Refused("bom")
    reader = _Reader(text)
    value = reader.value(0)
    reader.skip()
    if reader.at != len(text):
        raise Refused("syntax")
    return value


class _Reader:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def skip(self):
        while self.at < len(self.text) and self.text[self.at] in WHITE:
            self.at += 1

    def peek(self):
        self.skip()
        return self.text[self.at] if self.at < len(self.text) else ""

    def take(self, wanted):
        if self.peek() != wanted:
            raise Refused("syntax")
        self.at += 1

    def value(self, depth):
        char = self.peek()
        if char in ("{", "[") and char:
            if depth >= READ_DEPTH:
                raise Refused("depth")
            return self.object(depth + 1) if char == "{" else self.array(depth + 1)
        if char == '"':
            return self.string()
        if char == "-" or (char and char in "0123456789"):
            return self.number()
        for word, value in (("null", None), ("true", True), ("false", False)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        raise Refused("syntax")

    def object(self, depth):
        members = {}
        self.take("{")
        if self.peek() == "}":
            self.at += 1
            return members
        while True:
            if self.peek() != '"':
                raise Refused("syntax")
            key = self.string()
            if key == "__proto__":
                raise Refused("proto")
            if key in members:
                raise Refused("duplicate_key")
            self.take(":")
            members[key] = self.value(depth)
            if self.peek() == ",":
                self.at += 1
                continue
            self.take("}")
            return members

    def array(self, depth):
        items = []
        self.take("[")
        if self.peek() == "]":
            self.at += 1
            return items
        while True:
            items.append(self.value(depth))
            if self.peek() == ",":
                self.at += 1
                continue
            self.take("]")
            return items

    def number(self):
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in "0123456789.eE+-":
            self.at += 1
        token = self.text[start : self.at]
        digits = token[1:] if token.startswith("-") else token
        is_plain = digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0") and token != "-0"
        if not is_plain or abs(int(token)) > MAX_SAFE:
            raise Refused("number")
        return int(token)

    def string(self):
        self.at += 1
        units = []
        while True:
            if self.at >= len(self.text):
                raise Refused("syntax")
            char = self.text[self.at]
            self.at += 1
            if char == '"':
                break
            if char < " ":
                raise Refused("syntax")
            units.append(self.escape() if char == "\\" else char)
        joined = "".join(units)
        try:
            # Escapes may spell the two halves of one character.
            return joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "strict")
        except UnicodeDecodeError:
            raise Refused("surrogate") from None

    def escape(self):
        char = self.text[self.at : self.at + 1]
        self.at += 1
        if char == "u":
            digits = self.text[self.at : self.at + 4]
            if len(digits) != 4 or any(digit not in HEX for digit in digits):
                raise Refused("syntax")
            self.at += 4
            return chr(int(digits, 16))
        if char and char in ESCAPES:
            return ESCAPES[char]
        raise Refused("syntax")
