const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUE_BY_CODE = valuesByCode();

/** Base64url without padding (RFC 4648 section 5). */
export function base64urlFromBytes(bytes: Uint8Array): string {
  let text = "";
  let index = 0;
  for (; index + 2 < bytes.length; index += 3) {
    const word = (byteAt(bytes, index) << 16) | (byteAt(bytes, index + 1) << 8) | byteAt(bytes, index + 2);
    text += sextet(word >> 18) + sextet(word >> 12) + sextet(word >> 6) + sextet(word);
  }
  const rest = bytes.length - index;
  if (rest === 1) {
    const word = byteAt(bytes, index) << 16;
    text += sextet(word >> 18) + sextet(word >> 12);
  } else if (rest === 2) {
    const word = (byteAt(bytes, index) << 16) | (byteAt(bytes, index + 1) << 8);
    text += sextet(word >> 18) + sextet(word >> 12) + sextet(word >> 6);
  }
  return text;
}

/** The bytes, or `undefined` where the text is padded, has a foreign character or does not re-encode to itself. */
export function bytesFromBase64url(text: string): Uint8Array | undefined {
  const rest = text.length % 4;
  if (rest === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let bitCount = 0;
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    const value = VALUE_BY_CODE[text.charCodeAt(index)] ?? -1;
    if (value < 0) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[length] = (bits >> bitCount) & 0xff;
      length += 1;
    }
  }
  // Left-over bits other than zero would be a second spelling of the same bytes.
  return (bits & ((1 << bitCount) - 1)) === 0 ? bytes : undefined;
}

function sextet(value: number): string {
  return ALPHABET.charAt(value & 63);
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function valuesByCode(): Int8Array {
  const values = new Int8Array(65536).fill(-1);
  for (let value = 0; value < ALPHABET.length; value += 1) values[ALPHABET.charCodeAt(value)] = value;
  return values;
}
