import * as LIMITS from "../limits.ts";
import { isWellFormed } from "./utf8.ts";

/**
 * RFC 8785 canonical JSON, restricted to what Arctic signs: plain objects, arrays, well-formed strings, safe
 * integers, booleans and null, nested at most 8 deep. Throws a TypeError that names the place for anything else
 * (fractions, -0, undefined, lone surrogates, class instances, `__proto__` keys, cycles).
 */
export function canonicalJson(value: unknown): string {
  const path: (string | number)[] = [];
  return write(value, path);
}

/** `path` is the way to the value, kept for the complaint alone. */
function write(value: unknown, path: (string | number)[]): string {
  switch (typeof value) {
    case "string":
      return writeString(value, path);
    case "number":
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw complaint(path, "is not a safe integer");
      return String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (path.length >= LIMITS.signedDepth) throw complaint(path, `is nested more than ${LIMITS.signedDepth} deep`);
      return Array.isArray(value) ? writeArray(value, path) : writeObject(value, path);
    default:
      throw complaint(path, `is ${typeof value}, which JSON cannot carry`);
  }
}

/** Printable ASCII without quote and backslash: what most strings are, and what no form of JSON escapes. */
const PLAIN = /^[ !#-[\]-~]*$/;

function writeString(value: string, path: (string | number)[]): string {
  if (PLAIN.test(value)) return `"${value}"`;
  if (!isWellFormed(value)) throw complaint(path, "holds a lone surrogate");
  // JSON.stringify escapes exactly as RFC 8785 section 3.2.2.2 asks for well-formed strings.
  return JSON.stringify(value);
}

function writeArray(values: readonly unknown[], path: (string | number)[]): string {
  let text = "[";
  for (let index = 0; index < values.length; index += 1) {
    path.push(index);
    text += index === 0 ? write(values[index], path) : `,${write(values[index], path)}`;
    path.pop();
  }
  return `${text}]`;
}

function writeObject(value: object, path: (string | number)[]): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw complaint(path, "is not a plain object");
  if (Object.getOwnPropertySymbols(value).length > 0) throw complaint(path, "has a symbol key");
  const members = value as Record<string, unknown>;
  let text = "{";
  // Default sort compares UTF-16 code units, the order of RFC 8785 section 3.2.3.
  for (const key of Object.keys(value).sort()) {
    if (key === "__proto__") throw complaint(path, "has a __proto__ key");
    path.push(key);
    text += `${text.length === 1 ? "" : ","}${writeString(key, path)}:${write(members[key], path)}`;
    path.pop();
  }
  return `${text}}`;
}

function complaint(path: readonly (string | number)[], text: string): TypeError {
  const place = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
  return new TypeError(`$${place} ${text}`);
}
