import { keyMarkOf, type PeerId, peerIdFromKey } from "../../../packages/core/src/identity/id.ts";
import { type MembershipFacts, membershipFrom } from "../../../packages/core/src/trust/membership.ts";
import { crypto, identityOf, NOW } from "../../../packages/core/test/support/fixtures.ts";

const idByName = new Map<string, PeerId>();
const id = (name: string): PeerId => {
  const known = idByName.get(name) ?? identityOf(name).peerId;
  idByName.set(name, known);
  return known;
};
/** Another id of b's key. */
const twin = peerIdFromKey(crypto, identityOf("b").publicKey, NOW);

/** Graphs of admissions and revocations with how every peer stands, seen from `self`. */
export function membershipVectors() {
  return {
    description:
      "`admissions`: [introducer, newcomer]; `revocations`: [revoker, revoked]; `left`: whose peer record is a tombstone. `standings`: of every id that is asked for; `null` is a stranger. Seen from `self`, in whatever order the facts came.",
    cases: [
      graph("a peer alone", "", "", ""),
      graph("a chain", "a>b b>c c>d", "", ""),
      graph("admissions lead in their direction only", "a>b c>a", "", ""),
      graph("a circle", "a>b b>c c>a b>a", "", ""),
      graph("two islands", "a>b c>d d>c", "", ""),
      graph("an introducer that was revoked is still a step", "a>b b>c", "a!b", ""),
      graph("an introducer that left is still a step", "a>b b>c", "", "b"),
      graph("a revocation by one who was revoked counts", "a>b a>c a>d", "a!b b!c", ""),
      graph("two that revoke each other are both out", "a>b a>c", "b!c c!b", ""),
      graph("a revocation by a stranger is nothing", "a>b", "c!b", ""),
      graph("a revocation by one who is admitted by the revoked alone", "a>b b>c", "c!b", ""),
      graph("self is revoked", "a>b b>a", "b!a", ""),
      graph("self has left", "a>b", "", "a"),
      graph("revoked outweighs left", "a>b a>c", "c!b", "b"),
      graph("what ends an id ends another id of its key", "a>b a>B", "a!b", ""),
      graph("leaving under another id of the key", "a>b a>B", "", "B"),
      graph("an id of an ended key that was never admitted is no stranger", "a>b", "a!b", ""),
      graph("a revocation of an id that is admitted later", "a>b b>c", "b!c", ""),
      graph("long, with shortcuts", "a>b b>c c>d d>e a>e e>f f>b", "c!d f!a e!e", "f"),
    ],
  };
}

const ASKED = ["a", "b", "B", "c", "d", "e", "f"];

function graph(name: string, admitted: string, revoked: string, gone: string) {
  const admissions = pairs(admitted, ">").map(([introducer, newcomer]) => ({ introducer, newcomer }));
  const revocations = pairs(revoked, "!").map(([revoker, victim]) => ({ revoker, revoked: victim }));
  const left = gone === "" ? [] : gone.split(" ").map(named);
  const facts: MembershipFacts = { self: id("a"), admissions, revocations, left };
  const membership = membershipFrom(facts);
  return {
    name,
    self: facts.self,
    admissions: admissions.map(({ introducer, newcomer }) => [introducer, newcomer]),
    revocations: revocations.map(({ revoker, revoked: victim }) => [revoker, victim]),
    left,
    standings: ASKED.map(named).map((peer) => [peer, membership.standingOf(peer) ?? null]),
    members: [...membership.members()],
  };
}

function pairs(text: string, mark: string): [PeerId, PeerId][] {
  if (text === "") return [];
  return text.split(" ").map((pair) => {
    const [from = "", to = ""] = pair.split(mark);
    return [named(from), named(to)];
  });
}

function named(name: string): PeerId {
  if (name !== "B") return id(name);
  if (keyMarkOf(twin) !== keyMarkOf(id("b")) || twin === id("b")) throw new Error("B is another id of b's key");
  return twin;
}
