import { base64urlFromBytes, bytesFromBase64url } from "../../../packages/core/src/encoding/base64url.ts";
import type { PeerId } from "../../../packages/core/src/identity/id.ts";
import type { Identity } from "../../../packages/core/src/identity/identity.ts";
import { licenseHash } from "../../../packages/core/src/license/license.ts";
import { welcomeFor } from "../../../packages/core/src/node/door.ts";
import type { LinkOrigin } from "../../../packages/core/src/node/link.ts";
import type { SignedRecord } from "../../../packages/core/src/registry/record.ts";
import { HOUR_MS } from "../../../packages/core/src/time.ts";
import { type Greeting, PROTOCOL_VERSION } from "../../../packages/core/src/trust/handshake.ts";
import { issueVoucher, type Voucher } from "../../../packages/core/src/trust/voucher.ts";
import { createTestCrypto } from "../../../packages/core/test/support/crypto.ts";
import {
  admissionOf,
  bytesOf,
  CUSTOMER,
  crypto,
  customerIdOf,
  identityOf,
  licenseOf,
  NOW,
  peerBody,
  recordOf,
  revocationOf,
} from "../../../packages/core/test/support/fixtures.ts";
import { RECEIVER, receiverWith } from "./receiver.ts";

const self = RECEIVER;
const [alice, gone, evil, stranger] = ["alice", "gone", "evil", "stranger"].map((name) => identityOf(name)) as [
  Identity,
  Identity,
  Identity,
  Identity,
];
/** alice and two who ended belong, or did; alice has written something, so her key is known. */
const ESTABLISHED: readonly SignedRecord[] = [
  admissionOf(self, alice.peerId),
  admissionOf(alice, gone.peerId),
  admissionOf(alice, evil.peerId),
  recordOf(gone, "peer", gone.peerId, { deleted: true }),
  revocationOf(self, evil.peerId),
];

/** The way by which a link came to be, as a file can say it. Keys are base64url. */
interface Way {
  readonly direction: "in" | "out";
  readonly remote_host?: string;
  readonly voucher?: Voucher;
  readonly dialled?: PeerId;
  readonly join?: true;
  readonly expect_key?: string;
}
interface Door {
  readonly held: readonly SignedRecord[];
  readonly max_nodes: number;
  readonly fresh?: { readonly until_ms: number; readonly accept_key?: string };
  readonly invitations: readonly {
    readonly hosts: readonly string[];
    readonly key?: string;
    readonly until_ms: number;
  }[];
}
interface DoorCase {
  readonly name: string;
  readonly door: Door;
  readonly way: Way;
  readonly theirs: Greeting;
  /** What it is let in as, or the code of the refusal. */
  readonly answer: string;
}

/** Whether the other side of a link is let in, and as what. */
export function doorVectors() {
  return {
    description:
      "A peer (`self`, clock at `now_ms`): what it holds, its license's max_nodes, whether it is fresh, its invitations; the way by which the link came to be; the other side's greeting. `answer`: member, first_contact or voucher, or the code of the refusal.",
    self: self.peerId,
    now_ms: NOW,
    customer_id: CUSTOMER,
    cases: cases().map((one) => {
      const found = answerOf(one);
      if (found !== one.answer) throw new Error(`${one.name}: core says ${found}, the case says ${one.answer}`);
      return one;
    }),
  };
}

export function answerOf({ door, way, theirs }: Omit<DoorCase, "name" | "answer">): string {
  const { fresh } = door;
  const state = receiverWith(door.held, {
    license: licenseOf({ max_nodes: door.max_nodes }),
    ...(fresh === undefined
      ? {}
      : { fresh: { until: fresh.until_ms, ...optional("acceptKey", bytesOrNothing(fresh.accept_key)) } }),
  });
  state.invitations = door.invitations.map(({ hosts, key, until_ms }) => ({
    address: "invited.example:8080",
    hosts,
    key,
    until: until_ms,
  }));
  const answer = welcomeFor(state, theirs, originFrom(way), NOW);
  return answer.ok ? answer.value : answer.rejection.code;
}

function cases(): DoorCase[] {
  const shut: Door = { held: ESTABLISHED, max_nodes: 16, invitations: [] };
  const alone: Door = { held: [], max_nodes: 16, invitations: [], fresh: { until_ms: NOW + 1 } };
  const invited = (change: object): Door => ({
    ...shut,
    invitations: [{ hosts: ["192.0.2.7"], until_ms: NOW + 1, ...change }],
  });
  const inbound: Way = { direction: "in", remote_host: "192.0.2.7" };
  const join: Way = { direction: "out", join: true };
  const dialled = (peer: PeerId): Way => ({ direction: "out", dialled: peer });
  const vouched = (by: Identity, subject: Identity, at = NOW): Way => ({
    ...inbound,
    voucher: issueVoucher(createTestCrypto("door voucher"), by, subject, CUSTOMER, at),
  });
  const one = (answer: string, name: string, door: Door, way: Way, theirs = greetingOf(stranger)): DoorCase => ({
    name,
    door,
    way,
    theirs,
    answer,
  });
  const foreign = { ...greetingOf(alice), customer_id: customerIdOf("other") };
  return [
    one("member", "a member", shut, inbound, greetingOf(alice)),
    one("peer_not_accepted", "a member's id under another customer", shut, inbound, foreign),
    one("peer_not_accepted", "a stranger", shut, inbound),
    one("peer_not_accepted", "one who left", shut, inbound, greetingOf(gone)),
    one("peer_not_accepted", "one who was revoked, invited", invited({}), inbound, greetingOf(evil)),
    one(
      "first_contact",
      "a fresh peer that has written its own record",
      { ...alone, held: [recordOf(self, "peer", self.peerId, { body: peerBody(self.peerId, "self") })] },
      inbound,
    ),
    one(
      "first_contact",
      "a fresh peer that somebody has admitted, and that has admitted nobody",
      { ...alone, held: [admissionOf(alice, self.peerId)] },
      inbound,
    ),
    one("first_contact", "the first at a fresh peer", alone, inbound),
    one("peer_not_accepted", "a fresh peer's hour is over", { ...alone, fresh: { until_ms: NOW } }, inbound),
    one(
      "peer_not_accepted",
      "a peer that has admitted somebody is not fresh",
      { ...shut, ...freshOnly(alone) },
      inbound,
    ),
    one(
      "first_contact",
      "a fresh peer's expected key",
      { ...alone, fresh: { until_ms: NOW + 1, accept_key: keyOf(stranger) } },
      inbound,
    ),
    one(
      "peer_not_accepted",
      "a fresh peer expects another key",
      { ...alone, fresh: { until_ms: NOW + 1, accept_key: keyOf(alice) } },
      inbound,
    ),
    one("node_limit_exceeded", "a fresh peer whose license is for one", { ...alone, max_nodes: 1 }, inbound),
    one(
      "peer_not_accepted",
      "a peer that was never fresh and is alone",
      { held: [], max_nodes: 16, invitations: [] },
      inbound,
    ),
    one("first_contact", "invited by its address", invited({}), inbound),
    one("peer_not_accepted", "invited from another address", invited({ hosts: ["192.0.2.8"] }), inbound),
    one("peer_not_accepted", "the invitation is over", invited({ until_ms: NOW }), inbound),
    one("first_contact", "invited by its key, from anywhere", invited({ hosts: [], key: keyOf(stranger) }), inbound),
    one("peer_not_accepted", "invited by another key, from the right address", invited({ key: keyOf(alice) }), inbound),
    one("node_limit_exceeded", "invited, and no room", { ...invited({}), max_nodes: 2 }, inbound),
    one("member", "a member needs no room", { ...shut, max_nodes: 1 }, inbound, greetingOf(alice)),
    one("voucher", "vouched for by a member", shut, vouched(alice, stranger)),
    one("peer_not_accepted", "vouched for by one who was revoked", shut, vouched(evil, stranger)),
    one("peer_not_accepted", "vouched for by a stranger", shut, vouched(identityOf("x"), stranger)),
    one("peer_not_accepted", "somebody else's voucher", shut, vouched(alice, identityOf("x"))),
    one("peer_not_accepted", "a voucher of yesterday", shut, vouched(alice, stranger, NOW - 25 * HOUR_MS)),
    one("voucher", "a voucher needs no room", { ...shut, max_nodes: 1 }, vouched(alice, stranger)),
    one("first_contact", "an invitation goes before a voucher", invited({}), vouched(alice, stranger)),
    one("member", "dialled as a member, and is one", shut, dialled(alice.peerId), greetingOf(alice)),
    one("handshake_wrong_peer", "dialled as a member, another answers", shut, dialled(alice.peerId)),
    one("peer_not_accepted", "dialled as a member, no longer one", shut, dialled(evil.peerId), greetingOf(evil)),
    one("peer_not_accepted", "dialled, never a member", shut, dialled(stranger.peerId)),
    one("first_contact", "added by an operator", shut, join),
    one("member", "added by an operator, a member already", shut, join, greetingOf(alice)),
    one("first_contact", "added with its key", shut, { ...join, expect_key: keyOf(stranger) }),
    one("handshake_key_unexpected", "added with another key", shut, { ...join, expect_key: keyOf(alice) }),
    one("node_limit_exceeded", "added, and no room", { ...shut, max_nodes: 2 }, join),
    one("peer_not_accepted", "added, of another customer", shut, join, foreign),
    one("peer_not_accepted", "added, was revoked", shut, join, greetingOf(evil)),
  ];
}

function freshOnly({ fresh }: Door) {
  return optional("fresh", fresh);
}

function originFrom(way: Way): LinkOrigin {
  if (way.direction === "in")
    return { direction: "in", remoteHost: way.remote_host ?? "", ...optional("voucher", way.voucher) };
  const address = "dialled.example:8080";
  const cause =
    way.dialled === undefined
      ? { type: "join" as const, address, ...optional("expectKey", bytesOrNothing(way.expect_key)) }
      : { type: "member" as const, peer: way.dialled };
  return { direction: "out", dial: { id: "dial", address, cause } };
}

function optional<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: V };
}

function bytesOrNothing(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : bytesFromBase64url(text);
}

function keyOf({ publicKey }: Identity): string {
  return base64urlFromBytes(publicKey);
}

function greetingOf(identity: Identity): Greeting {
  const license = licenseOf();
  return {
    protocol: PROTOCOL_VERSION,
    challenge: base64urlFromBytes(bytesOf("challenge")),
    peer_id: identity.peerId,
    public_key: keyOf(identity),
    license_id: license.license_id,
    license_hash: licenseHash(crypto, license),
    customer_id: CUSTOMER,
  };
}
