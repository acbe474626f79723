import { describe, expect, it } from "vitest";
import * as LIMITS from "../../src/limits.ts";
import type { SignedRecord } from "../../src/registry/record.ts";
import { admissionOf, identityOf, recordOf } from "../support/fixtures.ts";
import { memberLink, refusalsOf } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";

const alice = identityOf("alice");
const [carol, dave] = [identityOf("carol"), identityOf("dave")];
const note = (owner: typeof alice, id: string) => recordOf(owner, "app.note", id, { body: { text: id } });
const forged = (record: SignedRecord) => ({ ...record, signature: "A".repeat(86) });

/** The notes that bob holds by now. */
const notesAt = ({ bob }: ReturnType<typeof memberLink>) => bob.node.registry.live("app.note").map(({ id }) => id);

/** alice's link, and one that carol, a member, has to the same bob. */
function twoLinks() {
  const world = memberLink({ others: [carol] });
  const other = new RawLink(world.bob);
  if (!other.handshake(carol)) throw new Error("a member is let in");
  return { ...world, other };
}

describe("what comes before the admission of its owner", () => {
  it("is refused, and current once the admission has come in a later frame", () => {
    const world = memberLink();
    world.link.push(note(dave, "x"));
    expect(notesAt(world)).toEqual([]);
    expect(refusalsOf(world.bob)).toEqual(["record_owner_unknown × 1"]);
    const { effects } = world.link.push(admissionOf(alice, dave.peerId));
    expect(notesAt(world)).toEqual(["x"]);
    expect(effects[0]).toMatchObject({
      type: "persist",
      records: [admissionOf(alice, dave.peerId), note(dave, "x")],
    });
  });

  it("is current once the admission has come by another link", () => {
    const world = twoLinks();
    world.link.push(note(dave, "x"));
    world.other.push(admissionOf(alice, dave.peerId));
    expect(notesAt(world)).toEqual(["x"]);
  });

  it("may be the admission of another, whose records have come before, too", () => {
    const world = twoLinks();
    const erin = identityOf("erin");
    world.link.push(note(erin, "y"));
    world.other.push(admissionOf(dave, erin.peerId));
    expect(notesAt(world)).toEqual([]);
    world.link.push(admissionOf(alice, dave.peerId));
    expect(world.bob.node.peers.isMember(erin.peerId)).toBe(true);
    expect(notesAt(world)).toEqual(["y"]);
  });

  it("is dropped where its signature is wrong, and nobody who brought the admission is charged for it", () => {
    const world = twoLinks();
    const before = refusalsOf(world.bob).length;
    for (let index = 0; index <= LIMITS.refusalsPerMinute; index += 1) {
      const stranger = identityOf(`stranger ${index}`);
      world.link.push(forged(note(stranger, `x${index}`)), note(stranger, `y${index}`));
      world.other.push(admissionOf(alice, stranger.peerId));
    }
    expect(new Set(refusalsOf(world.bob).slice(before))).toEqual(new Set(["record_owner_unknown × 2"]));
    expect(notesAt(world).every((id) => id.startsWith("y"))).toBe(true);
    expect(notesAt(world)).toHaveLength(LIMITS.refusalsPerMinute + 1);
    expect([world.link.closedWith, world.other.closedWith]).toEqual([undefined, undefined]);
  });

  it("is kept but for the first where there is one more than eight of its owner", () => {
    const world = memberLink();
    const ids = Array.from({ length: LIMITS.earlyPerOwner + 1 }, (_, index) => `n${index}`);
    for (const id of ids) world.link.push(note(dave, id));
    world.link.push(admissionOf(alice, dave.peerId));
    expect(LIMITS.earlyPerOwner).toBe(8);
    expect(notesAt(world).sort()).toEqual(ids.slice(1));
  });

  it("takes one place, however often it comes", () => {
    const world = twoLinks();
    world.link.push(note(dave, "x"));
    for (let times = 0; times < LIMITS.earlyPerOwner; times += 1) world.other.push(note(dave, "y"));
    world.link.push(admissionOf(alice, dave.peerId));
    expect(notesAt(world).sort()).toEqual(["x", "y"]);
  });

  it("is kept but for that of the owner heard of longest ago where there is one more than sixty-four", () => {
    const world = memberLink();
    const owners = Array.from({ length: LIMITS.earlyOwners + 1 }, (_, index) => identityOf(`early ${index}`));
    const [first, second] = owners;
    if (first === undefined || second === undefined) throw new Error("there are owners");
    for (const [index, owner] of owners.slice(0, -1).entries()) world.link.push(note(owner, `n${index}`));
    // Who is heard of again is not the one of longest ago any more.
    world.link.push(note(first, "again"));
    world.link.push(...owners.slice(-1).map((owner) => note(owner, "last")));
    world.link.push(...owners.map(({ peerId }) => admissionOf(alice, peerId)));
    const expected = owners.slice(0, -1).map((_, index) => `n${index}`);
    expect(LIMITS.earlyOwners).toBe(64);
    expect(notesAt(world).sort()).toEqual([...expected.filter((id) => id !== "n1"), "again", "last"].sort());
  });
});
