import { neighboursOf } from "../../../packages/core/src/gossip/overlay.ts";
import { DAY_MS, HOUR_MS } from "../../../packages/core/src/time.ts";
import { identityOf, NOW } from "../../../packages/core/test/support/fixtures.ts";

const ids = Array.from({ length: 80 }, (_, index) => identityOf(`ring ${index}`).peerId).sort();

/** Whom a peer keeps links with, and whom it watches. */
export function overlayVectors() {
  return {
    description:
      "`peers`: ids in the order of their text. `cases`: the first `members` of them are members, none of them gone; `self` is an index. `targets`: the indices of those that self links with; `watched`: [index, how often in milliseconds].",
    peers: ids,
    cases: [
      [1, 0, NOW],
      [2, 1, NOW],
      [7, 3, NOW],
      [32, 0, NOW],
      [32, 31, NOW + 5 * HOUR_MS],
      [33, 0, NOW],
      [33, 32, NOW],
      [64, 10, NOW],
      [65, 10, NOW],
      [80, 0, NOW],
      [80, 41, NOW],
      [80, 41, NOW + 3 * HOUR_MS],
      [80, 41, NOW + DAY_MS],
      [80, 79, 0],
    ].map(([members = 0, self = 0, now_ms = 0]) => neighbours(members, self, now_ms)),
  };
}

function neighbours(members: number, self: number, now_ms: number) {
  const list = ids.slice(0, members);
  const own = ids[self];
  if (own === undefined) throw new Error("self is among the peers");
  const { targets, watched } = neighboursOf(own, list, now_ms);
  return {
    members,
    self,
    now_ms,
    targets: [...targets].map((peer) => ids.indexOf(peer)).sort((a, b) => a - b),
    watched: watched.map(({ peer, everyMs }) => [ids.indexOf(peer), everyMs]),
  };
}
