import { LIMITS } from "../limits.ts";
import { isWellFormed } from "./utf8.ts";

/**
 * RFC 8785 canonical JSON, restricted to what Arctic signs: plain objects, arrays, well-formed strings, safe
 * integers, booleans and null, nested at most 8 deep. Throws a TypeError that names the place for anything else
 * (fractions, -0, undefined, lone surrogates, class instances, `__proto__` keys, cycles).
 */
export function canonicalJson(value: unknown): string {
  return write(value, "$", 0);
}

function write(value: unknown, place: string, depth: number): string {
  switch (typeof value) {
    case "string":
      if (!isWellFormed(value)) throw new TypeError(`${place} holds a lone surrogate`);
      // JSON.stringify escapes exactly as RFC 8785 section 3.2.2.2 asks for well-formed strings.
      return JSON.stringify(value);
    case "number":
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError(`${place} is not a safe integer`);
      return String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (depth >= LIMITS.signedDepth) throw new TypeError(`${place} is nested more than ${LIMITS.signedDepth} deep`);
      return Array.isArray(value) ? writeArray(value, place, depth + 1) : writeObject(value, place, depth + 1);
    default:
      throw new TypeError(`${place} is ${typeof value}, which JSON cannot carry`);
  }
}

function writeArray(values: readonly unknown[], place: string, depth: number): string {
  const parts: string[] = [];
  for (let index = 0; index < values.length; index += 1) parts.push(write(values[index], `${place}[${index}]`, depth));
  return `[${parts.join(",")}]`;
}

function writeObject(value: object, place: string, depth: number): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError(`${place} is not a plain object`);
  if (Object.getOwnPropertySymbols(value).length > 0) throw new TypeError(`${place} has a symbol key`);
  // Default sort compares UTF-16 code units, the order of RFC 8785 section 3.2.3.
  const keys = Object.keys(value).sort();
  if (keys.includes("__proto__")) throw new TypeError(`${place} has a __proto__ key`);
  const members = value as Record<string, unknown>;
  return `{${keys.map((key) => `${write(key, `${place} key`, depth)}:${write(members[key], `${place}.${key}`, depth)}`).join(",")}}`;
}
