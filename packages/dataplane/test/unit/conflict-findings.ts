import { type ConflictFacts, findingsFrom } from "../../src/conflicts/findings.ts";

/** What is found, in words, on a host that is an entry and an exit and otherwise gives no cause; `facts` say what is otherwise. */
export function findingsOn(facts: Pick<ConflictFacts, "chains"> & Partial<ConflictFacts>): string[] {
  return findingsFrom({
    links: ["lan0", "wan0"],
    pegasusPort: 61_000,
    tunnelPort: 51_840,
    tunnelInterface: "tempest0",
    tunnels: ["arx-WEVGEMMVRZ"],
    hasExit: true,
    hasEntry: true,
    reversePathFilter: "0",
    hasDefaultRoute: false,
    settingIn: () => undefined,
    tunnelledWays: [],
    ...facts,
  }).map(({ part, text }) => `${part}: ${text}`);
}
