/** What travels and is signed: no fractions, no undefined. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
/** An object as JSON carries it: text keys, JSON values. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** True for a plain JSON object: neither null, nor a list, nor a simple value. Says nothing of what is in it. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
