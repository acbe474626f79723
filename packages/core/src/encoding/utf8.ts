// Both are in every JavaScript runtime; declared here because core compiles without ambient types.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: "utf-8",
  options: { fatal: true; ignoreBOM: true },
) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LONE_SURROGATE = /\p{Surrogate}/u;
/** ES2024; several times faster where the runtime has it. */
const native = (String.prototype as { isWellFormed?: (this: string) => boolean }).isWellFormed;

/** True where every surrogate is one of a pair, so that the text has a UTF-8 form. */
export function isWellFormed(text: string): boolean {
  return native === undefined ? !LONE_SURROGATE.test(text) : native.call(text);
}

/** UTF-8 of a well-formed text. Throws a TypeError on a lone surrogate, which has no UTF-8 form. */
export function utf8FromText(text: string): Uint8Array {
  if (!isWellFormed(text)) throw new TypeError("a lone surrogate has no UTF-8 form");
  return encoder.encode(text);
}

/** The text, or `undefined` where the bytes are not strict UTF-8 (RFC 3629). A byte order mark is kept as a character. */
export function textFromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
