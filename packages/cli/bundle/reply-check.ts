/** The part of JSON Schema that the API's replies are described in. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly maxItems?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

interface Issue {
  readonly path: PropertyKey[];
  readonly message: string;
}

type Judged =
  | { readonly success: true; readonly data: unknown }
  | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };

/** What the client asks of a zod schema, by JSON Schema. Fields of newer agents are let through. */
export function checkedBy(schema: () => Schema): { safeParse(value: unknown): Judged } {
  return {
    safeParse: (value) => {
      const issue = issueIn(value, schema(), []);
      return issue === undefined ? { success: true, data: value } : { success: false, error: { issues: [issue] } };
    },
  };
}

/** The first thing that does not fit; `undefined` where all does. */
export function issueIn(value: unknown, schema: Schema, path: PropertyKey[]): Issue | undefined {
  const wrong = (message: string): Issue => ({ path, message });
  if (schema.type !== undefined && !isOfType(value, schema.type)) {
    return wrong(`expected ${schema.type}, received ${nameOfType(value)}`);
  }
  if ("const" in schema && value !== schema.const) return wrong(`expected ${JSON.stringify(schema.const)}`);
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return wrong(`expected one of ${schema.enum.map((one) => JSON.stringify(one)).join(", ")}`);
  }
  if (schema.anyOf !== undefined || schema.oneOf !== undefined) {
    const branches = schema.anyOf ?? schema.oneOf ?? [];
    if (!branches.some((branch) => issueIn(value, branch, path) === undefined)) return wrong("fits none of its forms");
  }
  for (const part of schema.allOf ?? []) {
    const issue = issueIn(value, part, path);
    if (issue !== undefined) return issue;
  }
  if (typeof value === "string") return boundsText(value, schema, wrong);
  if (typeof value === "number") return boundsNumber(value, schema, wrong);
  if (Array.isArray(value)) return issueInItems(value, schema, path);
  return isObject(value) ? issueInFields(value, schema, path) : undefined;
}

function boundsText(value: string, schema: Schema, wrong: (message: string) => Issue): Issue | undefined {
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value)) return wrong("has another form");
  if (schema.minLength !== undefined && value.length < schema.minLength) return wrong("is too short");
  if (schema.maxLength !== undefined && value.length > schema.maxLength) return wrong("is too long");
  return undefined;
}

function boundsNumber(value: number, schema: Schema, wrong: (message: string) => Issue): Issue | undefined {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity } = schema;
  return value < minimum || value > maximum || value <= exclusiveMinimum ? wrong("is out of range") : undefined;
}

function issueInItems(items: readonly unknown[], schema: Schema, path: PropertyKey[]): Issue | undefined {
  if (schema.maxItems !== undefined && items.length > schema.maxItems) return { path, message: "has too many items" };
  if (schema.items === undefined) return undefined;
  for (const [index, item] of items.entries()) {
    const issue = issueIn(item, schema.items, [...path, index]);
    if (issue !== undefined) return issue;
  }
  return undefined;
}

function issueInFields(value: Record<string, unknown>, schema: Schema, path: PropertyKey[]): Issue | undefined {
  const missing = schema.required?.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return { path: [...path, missing], message: "is missing" };
  const { properties = {}, additionalProperties } = schema;
  for (const [name, field] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const rule = known ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
    const issue = rule === undefined ? undefined : issueIn(field, rule, [...path, name]);
    if (issue !== undefined) return issue;
  }
  return undefined;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isSafeInteger(value);
  return nameOfType(value) === type;
}

function nameOfType(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
