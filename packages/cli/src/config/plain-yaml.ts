/**
 * The part of YAML that this command writes: block mappings and lists, two spaces a level, and plain or JSON scalars.
 * Reading it takes no library, which would take longer to load than all else that a command does. Whatever goes beyond
 * is left to the library, never guessed at.
 */
export function plainYamlText(value: unknown): string {
  return isBlock(value) ? blockText(value, 0) : `${scalarText(value)}\n`;
}

/** The value of such a text; `undefined` where the text has anything else in it. */
export function valueOfPlainYaml(text: string): { value: unknown } | undefined {
  const lines: Line[] = [];
  for (const source of text.split("\n")) {
    if (source === "") continue;
    const [, indent = "", rest = ""] = /^( *)(.*)$/.exec(source) ?? [];
    // Each dash opens a level of its own, so that what follows it stands as on a line.
    let at = indent.length;
    let left = rest;
    while (left.startsWith("- ")) {
      lines.push({ at, type: "item" });
      left = left.slice(2);
      at += 2;
    }
    const [, key, scalar] = /^([A-Za-z_]\w*):(?: (.+))?$/.exec(left) ?? [];
    if (key !== undefined) lines.push({ at, type: "field", key, scalar });
    else lines.push({ at, type: "scalar", scalar: left });
  }
  const reader = new Reader(lines);
  try {
    return { value: reader.whole() };
  } catch (error) {
    if (error === BEYOND) return undefined;
    throw error;
  }
}

type Line =
  | { readonly at: number; readonly type: "item" }
  | { readonly at: number; readonly type: "field"; readonly key: string; readonly scalar: string | undefined }
  | { readonly at: number; readonly type: "scalar"; readonly scalar: string };

/** Thrown where the text goes beyond the part. */
const BEYOND = Symbol("beyond");

class Reader {
  readonly #lines: readonly Line[];
  #next = 0;

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  whole(): unknown {
    const value = this.#block(0);
    if (this.#next < this.#lines.length) throw BEYOND;
    return value;
  }

  #block(at: number): unknown {
    const first = this.#lines[this.#next];
    if (first?.at !== at) throw BEYOND;
    switch (first.type) {
      case "scalar":
        this.#next += 1;
        return scalarValue(first.scalar);
      case "item":
        return this.#list(at);
      case "field":
        return this.#mapping(at);
    }
  }

  #list(at: number): unknown[] {
    const items: unknown[] = [];
    for (let line = this.#lines[this.#next]; line?.at === at; line = this.#lines[this.#next]) {
      if (line.type !== "item") throw BEYOND;
      this.#next += 1;
      items.push(this.#block(at + 2));
    }
    return items;
  }

  #mapping(at: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (let line = this.#lines[this.#next]; line?.at === at; line = this.#lines[this.#next]) {
      if (line.type !== "field" || line.key === "__proto__" || Object.hasOwn(value, line.key)) throw BEYOND;
      this.#next += 1;
      value[line.key] = line.scalar === undefined ? this.#block(at + 2) : scalarValue(line.scalar);
    }
    return value;
  }
}

function scalarValue(text: string): unknown {
  if (text === "true") return true;
  if (text === "false") return false;
  if (text === "[]") return [];
  if (text === "{}") return {};
  if (/^(0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  if (isPlain(text)) return text;
  if (!/^"(?:[^"\\\p{Cc}]|\\["\\nrt])*"$/u.test(text)) throw BEYOND;
  return JSON.parse(text);
}

function blockText(value: object, depth: number): string {
  const indent = "  ".repeat(depth);
  if (Array.isArray(value)) {
    // An item's first line stands behind its dash.
    return value.map((item) => `${indent}- ${nested(item, depth + 1).trimStart()}`).join("");
  }
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([key, field]) => `${indent}${keyText(key)}:${isBlock(field) ? "\n" : " "}${nested(field, depth + 1)}`)
    .join("");
}

function nested(value: unknown, depth: number): string {
  return isBlock(value) ? blockText(value, depth) : `${scalarText(value)}\n`;
}

function isBlock(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function keyText(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) && isPlain(key) ? key : JSON.stringify(key);
}

function scalarText(value: unknown): string {
  return typeof value === "string" && isPlain(value) ? value : JSON.stringify(value);
}

/** Text that is the same in YAML without quotes: no word or number of YAML's own. Else host:port, or a digest in hex. */
function isPlain(text: string): boolean {
  if (/^(true|false|null|yes|no|on|off|y|n)$/i.test(text)) return false;
  if (/^[A-Za-z](?:[\w.:/-]*[\w/-])?$/.test(text)) return true;
  return /^\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}$/.test(text) || (/^[\da-f]{64}$/.test(text) && /[a-df]/.test(text));
}
