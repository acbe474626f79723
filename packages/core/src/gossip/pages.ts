import * as LIMITS from "../limits.ts";

/** What a receiver needs before it can take up the rest comes first: admissions, then what ends trust, then peers. */
const ORDER = ["admission", "revocation", "peer"];

export function inGossipOrder<T extends { readonly kind: string }>(records: readonly T[]): T[] {
  return [...records].sort((a, b) => rank(a.kind) - rank(b.kind));
}

/** A record and its text as it travels. */
interface Carried {
  readonly record: { readonly kind: string };
  readonly text: string;
}

/** Records in gossip order, in lists that stay below the page size. */
export function pagesOf<T extends Carried>(records: readonly T[]): T[][] {
  const pages: T[][] = [];
  let page: T[] = [];
  let size = 0;
  for (const carried of [...records].sort((a, b) => rank(a.record.kind) - rank(b.record.kind))) {
    if (page.length > 0 && size + carried.text.length > LIMITS.pageBytes) {
      pages.push(page);
      page = [];
      size = 0;
    }
    page.push(carried);
    size += carried.text.length;
  }
  if (page.length > 0) pages.push(page);
  return pages;
}

function rank(kind: string): number {
  const index = ORDER.indexOf(kind);
  return index < 0 ? ORDER.length : index;
}
