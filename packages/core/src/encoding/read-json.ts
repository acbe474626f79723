import type { JsonValue } from "./json.ts";

/**
 * Parses JSON without the runtime's reader of objects. V8 13.6 (Node 24) compares a key that is written with escapes,
 * as it is written, with the key that an earlier object had in this place: after `{"\\r":1}` it reads `{"\r\r":1}` as
 * `{"\\r":1}`. Strings and numbers alone are read by the runtime. Throws a SyntaxError as `JSON.parse` does, and where
 * a key is there twice or is `__proto__`. Recursive: the caller has bounded the nesting.
 */
export function readJson(text: string): JsonValue {
  const reader = { text, at: 0 };
  const value = readValue(reader);
  skipSpace(reader);
  if (reader.at < text.length) throw unexpected(reader);
  return value;
}

interface Reader {
  readonly text: string;
  at: number;
}

const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;
const SCALAR = /-?[0-9][0-9.eE+-]*|true|false|null/y;

function readValue(reader: Reader): JsonValue {
  skipSpace(reader);
  switch (reader.text.charAt(reader.at)) {
    case "{":
      return readObject(reader);
    case "[":
      return readArray(reader);
    case '"':
      return readToken(reader, STRING);
    default:
      return readToken(reader, SCALAR);
  }
}

function readObject(reader: Reader): JsonValue {
  const object: Record<string, JsonValue> = {};
  reader.at += 1;
  for (let isFirst = true; !takes(reader, "}"); isFirst = false) {
    if (!isFirst) expects(reader, ",");
    skipSpace(reader);
    const key = String(readToken(reader, STRING));
    if (key === "__proto__") throw new SyntaxError("the JSON has a __proto__ key");
    if (Object.hasOwn(object, key)) throw new SyntaxError("the JSON has a duplicate key");
    expects(reader, ":");
    object[key] = readValue(reader);
  }
  return object;
}

function readArray(reader: Reader): JsonValue {
  const list: JsonValue[] = [];
  reader.at += 1;
  for (let isFirst = true; !takes(reader, "]"); isFirst = false) {
    if (!isFirst) expects(reader, ",");
    list.push(readValue(reader));
  }
  return list;
}

function readToken(reader: Reader, pattern: RegExp): JsonValue {
  pattern.lastIndex = reader.at;
  const token = pattern.exec(reader.text)?.[0];
  if (token === undefined) throw unexpected(reader);
  reader.at += token.length;
  return JSON.parse(token) as JsonValue;
}

function skipSpace(reader: Reader): void {
  SPACE.lastIndex = reader.at;
  reader.at += SPACE.exec(reader.text)?.[0].length ?? 0;
}

function takes(reader: Reader, mark: string): boolean {
  skipSpace(reader);
  if (reader.text.charAt(reader.at) !== mark) return false;
  reader.at += 1;
  return true;
}

function expects(reader: Reader, mark: string): void {
  if (!takes(reader, mark)) throw unexpected(reader);
}

function unexpected(reader: Reader): SyntaxError {
  return new SyntaxError(`the JSON is not well-formed at character ${reader.at}`);
}
