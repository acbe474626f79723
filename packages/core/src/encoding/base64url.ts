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
  let at = 0;
  let index = 0;
  for (; index + 3 < text.length; index += 4) {
    const word =
      (valueAt(text, index) << 18) |
      (valueAt(text, index + 1) << 12) |
      (valueAt(text, index + 2) << 6) |
      valueAt(text, index + 3);
    // A foreign character's value has all bits set.
    if (word < 0) return undefined;
    bytes[at] = word >> 16;
    bytes[at + 1] = (word >> 8) & 0xff;
    bytes[at + 2] = word & 0xff;
    at += 3;
  }
  if (rest === 0) return bytes;
  const third = rest === 3 ? valueAt(text, index + 2) : 0;
  const word = (valueAt(text, index) << 12) | (valueAt(text, index + 1) << 6) | third;
  // Left-over bits other than zero would be a second spelling of the same bytes.
  if (word < 0 || (word & (rest === 2 ? 0x3ff : 0x3)) !== 0) return undefined;
  bytes[at] = word >> 10;
  if (rest === 3) bytes[at + 1] = (word >> 2) & 0xff;
  return bytes;
}

function valueAt(text: string, index: number): number {
  return VALUE_BY_CODE[text.charCodeAt(index)] ?? -1;
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
