import { pagesOf } from "../../../packages/core/src/gossip/pages.ts";
import * as LIMITS from "../../../packages/core/src/limits.ts";

type Item = readonly [kind: string, units: number];

/** In which order records are sent, and in which pages. */
export function pageVectors() {
  const all = LIMITS.pageBytes;
  return {
    description:
      "`records`: [kind, length of the record's JSON text in UTF-16 code units]. `pages`: the indices of the records in each page, in the order in which they are sent.",
    cases: [
      paged("nothing", []),
      paged("admissions, revocations, peers, the rest", [
        ["service", 10],
        ["peer", 10],
        ["app.note", 10],
        ["revocation", 10],
        ["rotation", 10],
        ["admission", 10],
        ["peer", 10],
        ["admission", 10],
        ["credential", 10],
      ]),
      paged("a page that is just full", [
        ["service", all - 10],
        ["service", 10],
        ["service", 1],
      ]),
      paged("one unit too many", [
        ["service", all - 10],
        ["service", 11],
      ]),
      paged("one that is larger than a page goes alone", [
        ["service", 10],
        ["service", all + 1],
        ["service", 10],
      ]),
      paged("a later admission goes into the first page", [
        ["service", all],
        ["service", 10],
        ["admission", 10],
      ]),
    ],
  };
}

function paged(name: string, records: readonly Item[]) {
  const carried = records.map(([kind, units], index) => ({ record: { kind }, text: "x".repeat(units), index }));
  return { name, records, pages: pagesOf(carried).map((page) => page.map(({ index }) => index)) };
}
