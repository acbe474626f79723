import { Problem } from "./problem.ts";

const MAX_PAGE = 1000;

interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** A page of a list that is sorted by `keyOf`. The cursor is the last key of the page before. Throws Problem. */
export function pageOf<T>(items: readonly T[], keyOf: (item: T) => string, query: PageQuery) {
  const after = query.cursor === undefined ? undefined : keyFromCursor(query.cursor);
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, query.limit ?? MAX_PAGE);
  const last = page.at(-1);
  const hasMore = page.length < rest.length && last !== undefined;
  return { items: page, ...(hasMore ? { next_cursor: cursorFromKey(keyOf(last)) } : {}) };
}

function cursorFromKey(key: string): string {
  return Buffer.from(key, "utf8").toString("base64url");
}

function keyFromCursor(cursor: string): string {
  const key = Buffer.from(cursor, "base64url").toString("utf8");
  if (key === "" || cursorFromKey(key) !== cursor) {
    throw new Problem("INVALID_REQUEST", "query.cursor: not the next_cursor of a page before");
  }
  return key;
}
