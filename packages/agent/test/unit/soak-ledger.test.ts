import { describe, expect, it } from "vitest";
import { Ledger, type Value } from "../../../../test/soak/ledger.ts";

/** A ledger of acknowledged writes, in order, then perhaps one whose outcome is not known. */
function ledgerOf(acknowledged: readonly (readonly [string, Value])[], open?: readonly [string, Value]): Ledger {
  const ledger = new Ledger();
  for (const [name, value] of acknowledged) {
    ledger.begun(name, value);
    ledger.acknowledge(name);
  }
  if (open !== undefined) ledger.begun(...open);
  return ledger;
}

const kinds = (ledger: Ledger, found: Record<string, number>) =>
  ledger.check("here", new Map(Object.entries(found))).map(({ kind, name }) => `${kind} ${name}`);

describe("the verdict of a soak", () => {
  it("is content with what was acknowledged", () => {
    expect(
      kinds(
        ledgerOf([
          ["a", 1],
          ["a", 2],
          ["b", 1],
          ["b", "absent"],
        ]),
        { a: 2 },
      ),
    ).toEqual([]);
  });

  it("names what is lost: a thing, or its latest change", () => {
    const ledger = ledgerOf([
      ["a", 1],
      ["b", 1],
      ["b", 2],
    ]);
    expect(kinds(ledger, { b: 1 })).toEqual(["lost a", "lost b"]);
  });

  it("names what was deleted and is there again, what nobody wrote, and what is newer than anything written", () => {
    const ledger = ledgerOf([
      ["a", 1],
      ["a", "absent"],
      ["b", 1],
    ]);
    expect(kinds(ledger, { a: 1, b: 7, c: 1 })).toEqual(["resurrected a", "wrong b", "unknown c"]);
  });

  it("takes either outcome of a write that was not answered, and no third", () => {
    const ledger = ledgerOf([["a", 1]], ["a", 2]);
    expect(kinds(ledger, { a: 1 })).toEqual([]);
    expect(kinds(ledger, { a: 2 })).toEqual([]);
    expect(kinds(ledger, {})).toEqual(["lost a"]);
    expect(kinds(ledgerOf([], ["b", 1]), {})).toEqual([]);
  });

  it("takes a refusal at its word: nothing was changed", () => {
    const ledger = ledgerOf([["a", 1]], ["a", 2]);
    ledger.refuse("a");
    expect(kinds(ledger, { a: 2 })).toEqual(["wrong a"]);
  });
});
