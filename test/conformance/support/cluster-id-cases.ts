import { mintedAt, type PeerId } from "../../../packages/core/src/identity/id.ts";
import { MINUTE_MS } from "../../../packages/core/src/time.ts";
import { type ClusterClaim, electClusterId } from "../../../packages/core/src/trust/cluster-id.ts";
import { CUSTOMER, clusterIdOf, identityOf, NOW } from "../../../packages/core/test/support/fixtures.ts";

const [alice, bob] = [identityOf("alice").peerId, identityOf("bob").peerId];
const [smaller, larger] = [alice, bob].sort() as [PeerId, PeerId];
const claim = (label: string, at: number, founded: boolean, mintedBy = alice): ClusterClaim => ({
  id: clusterIdOf(label, at),
  mintedBy,
  founded,
});
const birth = mintedAt(CUSTOMER);
const [one, two, three] = [NOW - 3000, NOW - 2000, NOW - 1000];

/** Claims of members, and the id that holds. */
export function clusterIdVectors() {
  return {
    description:
      "Claims in the members' peer records (`cluster`), who is revoked, and the id that is elected at `now_ms` with the minter that is named; null where no claim counts.",
    customer_id: CUSTOMER,
    now_ms: NOW,
    cases: [
      election("nobody claims", []),
      election("one alone", [claim("one", one, false)]),
      election("none is founded: the smallest", [claim("two", two, false), claim("one", one, false)]),
      election("a founded one before a smaller that is not", [claim("one", one, false), claim("two", two, true)]),
      election("of two founded ones the smaller", [
        claim("three", three, true),
        claim("two", two, true),
        claim("one", one, false),
      ]),
      election("two of one millisecond: the smaller text", [claim("x", one, true), claim("y", one, true)]),
      election(
        "minted by a revoked peer: does not count",
        [claim("one", one, true, bob), claim("two", two, true)],
        [bob],
      ),
      election(
        "founded ones do not count, the others do",
        [claim("one", one, true, bob), claim("two", two, false)],
        [bob],
      ),
      election("in the customer's own millisecond", [claim("birth", birth, true), claim("one", one, true)]),
      election("before the customer: does not count", [claim("early", birth - 1, true), claim("one", one, true)]),
      election("time zero: does not count", [claim("zero", 0, true), claim("one", one, false)]),
      election("5 minutes ahead", [claim("ahead", NOW + 5 * MINUTE_MS, true)]),
      election("more than 5 minutes ahead: does not count", [claim("far", NOW + 5 * MINUTE_MS + 1, true)]),
      election("one id, two minters: the smaller is named", [
        claim("one", one, true, larger),
        claim("one", one, true, smaller),
      ]),
      election(
        "one id, two minters, the smaller revoked",
        [claim("one", one, true, larger), claim("one", one, true, smaller)],
        [smaller],
      ),
      election("one id claimed by several", [
        claim("one", one, false),
        claim("one", one, true),
        claim("two", two, true),
      ]),
    ],
  };
}

function election(name: string, claims: readonly ClusterClaim[], revoked: readonly string[] = []) {
  const facts = { customerId: CUSTOMER, now: NOW, isRevoked: (peer: string) => revoked.includes(peer) };
  return {
    name,
    claims: claims.map(({ id, mintedBy, founded }) => ({ id, minted_by: mintedBy, founded })),
    revoked,
    elected: electClusterId(claims, facts)?.id ?? null,
    minted_by: electClusterId(claims, facts)?.mintedBy ?? null,
  };
}
