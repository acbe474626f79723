import type { Operation } from "../operation.ts";

/** What fills in one operation: the path's parameters, the query, a JSON body. */
export interface Parts {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** The path with its parameters filled in and the query behind it. Throws a TypeError for a missing parameter. */
export function pathOf(operation: Pick<Operation, "path">, parts: Parts): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = parts.params?.[name];
    if (value === undefined || value === "") throw new TypeError(`${operation.path} needs ${name}`);
    return encodeURIComponent(String(value));
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parts.query ?? {}))
    if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? path : `${path}?${query}`;
}
