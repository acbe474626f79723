import { isJsonObject } from "./json.ts";

/** Says what is wrong with a value, or nothing. */
export type Field = (value: unknown) => string | undefined;

/**
 * What is wrong with an object's fields, as `field: complaint`, or `undefined`. Fields that are not named are let be:
 * they are under the signature. For what must be judged where there is no schema library.
 */
export function complaintOf(value: unknown, fields: Readonly<Record<string, Field>>): string | undefined {
  if (!isJsonObject(value)) return "document: not an object";
  for (const [name, field] of Object.entries(fields)) {
    const complaint = field(Object.hasOwn(value, name) ? value[name] : undefined);
    if (complaint !== undefined) return `${name}: ${complaint}`;
  }
  return undefined;
}

/** A text of so many characters (Unicode code points). */
export function text(least: number, most: number): Field {
  return (value) => {
    if (typeof value !== "string") return "not a text";
    const { length } = [...value];
    return length < least || length > most ? `not ${least} to ${most} characters long` : undefined;
  };
}

/** A safe integer that is not below `least`. */
export function integer(least: number): Field {
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= least ? undefined : `not a whole number from ${least}`;
}

/** A text that a rule accepts. */
export function matching(isRight: (value: string) => boolean, complaint: string): Field {
  return (value) => (typeof value === "string" && isRight(value) ? undefined : complaint);
}

export function listOf(field: Field, most: number): Field {
  return (value) => {
    if (!Array.isArray(value)) return "not a list";
    if (value.length > most) return `more than ${most}`;
    for (const [index, item] of value.entries()) {
      const complaint = field(item);
      if (complaint !== undefined) return `${index}: ${complaint}`;
    }
    return undefined;
  };
}
