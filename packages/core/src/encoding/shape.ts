import { isJsonObject, type JsonValue } from "./json.ts";

/** Where in a value something is wrong, as keys joined by dots (empty: the value itself), and what. */
export interface Complaint {
  readonly path: string;
  readonly message: string;
}

/** Says what is wrong with a value first, or nothing: then it is a T. Judges what JSON can carry and changes nothing. */
export type Shape<T> = ((value: unknown) => Complaint | undefined) & { readonly of?: T };
/** What a shape lets through. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

/** A field that may be absent; null is not absent. */
interface Optional<T> {
  readonly optional: Shape<T>;
}
type Fields = Readonly<Record<string, Shape<unknown> | Optional<unknown>>>;
type Object<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Optional<unknown> ? never : K]: Shaped<F[K]>;
} & {
  readonly [K in keyof F as F[K] extends Optional<unknown> ? K : never]?:
    | (F[K] extends Optional<infer T> ? T : never)
    | undefined;
};

export function hasShape<T>(shape: Shape<T>, value: unknown): value is T {
  return shape(value) === undefined;
}

/** The first complaint in words, as `path: message`; the path begins with `root` where there is one. */
export function complaintText(shape: Shape<unknown>, value: unknown, root = ""): string | undefined {
  const found = shape(value);
  if (found === undefined) return undefined;
  const path = [root, found.path].filter((part) => part !== "").join(".");
  return path === "" ? found.message : `${path}: ${found.message}`;
}

export function optional<T>(shape: Shape<T>): Optional<T> {
  return { optional: shape };
}

/** An object with these fields at least; those that are not named are let be, as they may be under a signature. */
export function object<F extends Fields>(fields: F): Shape<Object<F>> {
  const entries = Object.entries(fields);
  return (value) => {
    if (!isJsonObject(value)) return wrong("not an object");
    for (const [name, field] of entries) {
      const isThere = Object.hasOwn(value, name);
      if (!isThere && typeof field === "object") continue;
      const shape = typeof field === "object" ? field.optional : field;
      const found = shape(isThere ? value[name] : undefined);
      if (found !== undefined) return within(name, isThere ? found : wrong("missing"));
    }
    return undefined;
  };
}

/** An object whose field `tag` says which of the shapes it has. */
export function union<K extends string, S extends Readonly<Record<string, Shape<unknown>>>>(
  tag: K,
  shapes: S,
): Shape<{ [T in keyof S & string]: { readonly [_ in K]: T } & Shaped<S[T]> }[keyof S & string]> {
  return (value) => {
    if (!isJsonObject(value)) return wrong("not an object");
    const name = Object.hasOwn(value, tag) ? value[tag] : undefined;
    const shape = typeof name === "string" && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    return shape === undefined ? within(tag, wrong("none that is known")) : shape(value);
  };
}

/** A text of so many characters (Unicode code points). */
export function text(least: number, most: number): Shape<string> {
  return matching((value) => {
    // A code point takes one or two units.
    if (value.length > 2 * most || value.length < least) return false;
    const { length } = value.length <= most && value.length >= 2 * least ? value : [...value];
    return length >= least && length <= most;
  }, `not a text of ${least} to ${most} characters`);
}

/** A text that a rule accepts. */
export function matching<T extends string = string>(isRight: (value: string) => boolean, complaint: string): Shape<T> {
  return where((value) => typeof value === "string" && isRight(value), complaint);
}

/** A safe integer between the two, both included. */
export function integer(least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): Shape<number> {
  const isRight = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
  return where(isRight, `not a whole number from ${least} to ${most}`);
}

export const boolean: Shape<boolean> = where((value) => typeof value === "boolean", "neither true nor false");

export function oneOf<const T extends string>(...values: readonly T[]): Shape<T> {
  return where((value) => (values as readonly unknown[]).includes(value), `not one of ${values.join(", ")}`);
}

/** A list of at most `most`, and at least `least`. */
export function listOf<T>(shape: Shape<T>, most: number, least = 0): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return wrong("not a list");
    if (value.length > most) return wrong(`a list of more than ${most}`);
    if (value.length < least) return wrong(`a list of less than ${least}`);
    for (let index = 0; index < value.length; index += 1) {
      const found = shape(value[index]);
      if (found !== undefined) return within(String(index), found);
    }
    return undefined;
  };
}

/** A list with just these members, each with a shape of its own. */
export function tuple<const S extends readonly Shape<unknown>[]>(
  ...shapes: S
): Shape<{ readonly [I in keyof S]: Shaped<S[I]> }> {
  return (value) => {
    if (!Array.isArray(value) || value.length !== shapes.length) return wrong(`not a list of ${shapes.length}`);
    for (const [index, shape] of shapes.entries()) {
      const found = shape(value[index]);
      if (found !== undefined) return within(String(index), found);
    }
    return undefined;
  };
}

export const anything: Shape<JsonValue> = () => undefined;
/** An object or a list: what a later judgement looks into. */
export const document: Shape<JsonValue> = where(
  (value) => typeof value === "object" && value !== null,
  "neither an object nor a list",
);

/** A shape and a rule about several of its fields. */
export function and<T>(shape: Shape<T>, isRight: (value: T) => boolean, complaint: string): Shape<T> {
  return (value) => shape(value) ?? (isRight(value as T) ? undefined : wrong(complaint));
}

function where<T>(isRight: (value: unknown) => boolean, complaint: string): Shape<T> {
  const found = wrong(complaint);
  return (value) => (isRight(value) ? undefined : found);
}

function wrong(message: string): Complaint {
  return { path: "", message };
}

function within(name: string, { path, message }: Complaint): Complaint {
  return { path: path === "" ? name : `${name}.${path}`, message };
}
