import type { JsonObject } from "../encoding/json.ts";
import { LIMITS } from "../limits.ts";
import type { SignedRecord } from "../registry/record.ts";

/** What a receiver needs before it can take up the rest comes first: admissions, then what ends trust, then peers. */
const ORDER = ["admission", "revocation", "peer"];

export function inGossipOrder<T extends { readonly kind: string }>(records: readonly T[]): T[] {
  return [...records].sort((a, b) => rank(a.kind) - rank(b.kind));
}

/** Records in gossip order, in lists that stay below the page size. */
export function pagesOf(records: readonly SignedRecord[]): SignedRecord[][] {
  const pages: SignedRecord[][] = [];
  let page: SignedRecord[] = [];
  let bytes = 0;
  for (const record of inGossipOrder(records)) {
    const size = JSON.stringify(record as unknown as JsonObject).length;
    if (page.length > 0 && bytes + size > LIMITS.pageBytes) {
      pages.push(page);
      page = [];
      bytes = 0;
    }
    page.push(record);
    bytes += size;
  }
  if (page.length > 0) pages.push(page);
  return pages;
}

function rank(kind: string): number {
  const index = ORDER.indexOf(kind);
  return index < 0 ? ORDER.length : index;
}
