import * as LIMITS from "../limits.ts";
import type { JsonValue } from "./json.ts";
import { readJson } from "./read-json.ts";
import { isWellFormed, textFromUtf8 } from "./utf8.ts";

/**
 * Parses JSON that came from elsewhere. Throws a SyntaxError where two readers could see two things, or where the
 * value could not be signed again: duplicate keys, `__proto__`, a byte order mark, bad UTF-8, lone surrogates,
 * nesting over 16, and numbers that are not safe integers in plain form (`1.0`, `1e3`, `-0`, 2^53).
 */
export function parseJson(input: string | Uint8Array): JsonValue {
  const text = typeof input === "string" ? input : textFromUtf8(input);
  if (text === undefined) throw new SyntaxError("the JSON is not valid UTF-8");
  if (text.charCodeAt(0) === 0xfeff) throw new SyntaxError("the JSON begins with a byte order mark");
  if (!isWellFormed(text)) throw new SyntaxError("the JSON holds a lone surrogate");
  const { members, hasEscapedKey } = scan(text);
  const value = hasEscapedKey ? readJson(text) : (JSON.parse(text) as JsonValue);
  // JSON.parse keeps the last of two equal keys, so fewer members in the value than in the text mean a duplicate.
  if (countMembers(value) !== members) throw new SyntaxError("the JSON has a duplicate key");
  return value;
}

/** Walks the text once before the parser sees it: counts members, looks for keys with escapes, bounds the nesting, judges the numbers. */
function scan(text: string): { members: number; hasEscapedKey: boolean } {
  let depth = 0;
  let members = 0;
  let hasEscapedKey = false;
  let lastString = { from: 0, to: 0 };
  const hasEscapes = text.includes("\\");
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      const end = endOfString(text, index);
      if (hasEscapes) lastString = { from: index, to: end };
      index = end;
    } else if (code === COLON) {
      members += 1;
      hasEscapedKey ||= hasEscapes && text.slice(lastString.from, lastString.to).includes("\\");
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > LIMITS.parseDepth) throw new SyntaxError(`the JSON is nested more than ${LIMITS.parseDepth} deep`);
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
    else if (code === MINUS || (code >= ZERO && code <= NINE)) index = endOfNumber(text, index);
  }
  return { members, hasEscapedKey };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

const NUMBER = /-?[0-9][0-9.eE+-]*/y;

function endOfNumber(text: string, start: number): number {
  NUMBER.lastIndex = start;
  const token = NUMBER.exec(text)?.[0] ?? text.charAt(start);
  const value = Number(token);
  if (!Number.isSafeInteger(value) || String(value) !== token) {
    throw new SyntaxError(`the JSON has a number that is not a safe integer in plain form: ${token.slice(0, 32)}`);
  }
  return start + token.length - 1;
}

function countMembers(value: JsonValue): number {
  if (typeof value === "string") {
    // An escape such as \ud800 is well-formed text but not a well-formed string.
    if (!isWellFormed(value)) throw new SyntaxError("the JSON holds a lone surrogate");
    return 0;
  }
  if (typeof value !== "object" || value === null) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, item: JsonValue) => sum + countMembers(item), 0);
  let members = 0;
  for (const [key, item] of Object.entries(value)) {
    if (key === "__proto__") throw new SyntaxError("the JSON has a __proto__ key");
    if (!isWellFormed(key)) throw new SyntaxError("the JSON holds a lone surrogate");
    members += 1 + countMembers(item);
  }
  return members;
}
