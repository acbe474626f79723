/**
 * Two nodes of one cluster in one file: no network, no disk, no clock of their own.
 *
 * A node is a value that you feed with inputs and that answers with effects. Here "performing" an effect means putting a
 * text into the other node's hands. A real host does the same with sockets and a database, in this order: what `persist`
 * names is on disk before anything that follows it is on the wire.
 */
import {
  type ClusterNode,
  createClusterNode,
  createId,
  createIdentity,
  type Effect,
  type Identity,
  type Input,
  issueLicense,
  type KindDefinition,
  nobleCrypto,
  rfc3339FromMs,
} from "@arctic/core";

// The clock is an argument: this example's time stands still but for the ticks that it makes itself.
let now = Date.UTC(2026, 0, 1);

// 1. Somebody signs licenses: only nodes whose licenses name one customer ever speak to each other.
const authority = createIdentity(nobleCrypto, now);
const customerId = createId("cust", nobleCrypto, now);
const license = issueLicense(
  nobleCrypto,
  { keyId: "my-root", secretKey: authority.secretKey },
  {
    customer_id: customerId,
    license_id: createId("lic", nobleCrypto, now),
    replaces: [],
    issued_at: rfc3339FromMs(now),
    expires_at: rfc3339FromMs(now + 365 * 86_400_000),
    max_nodes: 10,
    max_services: 100,
    features: [],
  },
);
const roots = [{ key_id: "my-root", public_key: base64url(authority.publicKey) }];

// 2. What the application wants to replicate: its own kind of record, checked by its own rule.
const note: KindDefinition = {
  name: "app.note",
  group: "others",
  lasting: "live",
  isDeletable: true,
  limitPerOwner: 100,
  checkId: () => undefined,
  checkBody: ({ text }) => (typeof text === "string" && text.length <= 1000 ? undefined : "a note has a short text"),
};

// 3. Two hosts, each with an identity of its own.
interface Host {
  readonly name: string;
  readonly identity: Identity;
  readonly node: ClusterNode;
}
const alice = hostNamed("alice");
const bob = hostNamed("bob");
const LINK = "the only link";

// 4. Alice adds bob: her node asks for a connection, and here it is.
const dial = feed(alice, { type: "join", address: "bob.example:8080", hosts: [] }).find(({ type }) => type === "dial");
if (dial?.type !== "dial") throw new Error("a join dials");
const binding = new Uint8Array(32).fill(7);
feed(bob, { type: "opened", link: LINK, direction: "in", binding, remoteHost: "alice.example" });
feed(alice, { type: "opened", link: LINK, direction: "out", binding, dial: dial.dial, address: dial.address });
say(`alice trusts bob: ${alice.node.peers.isMember(bob.identity.peerId)}`);
say(`bob trusts alice: ${bob.node.peers.isMember(alice.identity.peerId)}`);

// 5. Alice writes. Her node signs the record and pushes it; bob's checks it and keeps it.
feed(alice, { type: "write", kind: "app.note", id: "greeting", body: { text: "Hello, bob." } });
say(`bob reads: ${JSON.stringify(bob.node.registry.live("app.note").map(({ body }) => body.text))}`);

// 6. Bob cannot write in alice's name: what he writes under the same id is a record of his own.
feed(bob, { type: "write", kind: "app.note", id: "greeting", body: { text: "Hello, alice." } });
say(`alice reads: ${JSON.stringify(alice.node.registry.live("app.note").map(({ body }) => body.text))}`);

// 7. A deletion is a signed record, too, and final.
feed(alice, { type: "delete", kind: "app.note", id: "greeting" });
say(`bob reads: ${JSON.stringify(bob.node.registry.live("app.note").map(({ body }) => body.text))}`);
const again = alice.node.handle({ type: "write", kind: "app.note", id: "greeting", body: { text: "Once more" } }, now);
say(`alice writes it once more: ${again.rejection?.message}`);
const areEqual = JSON.stringify(alice.node.registry.hashes) === JSON.stringify(bob.node.registry.hashes);
say(`both hold the same: ${areEqual}`);

function hostNamed(name: string): Host {
  const identity = createIdentity(nobleCrypto, now);
  const node = createClusterNode({
    crypto: nobleCrypto,
    identity,
    roots,
    license,
    kinds: [note],
    bootId: `${name}'s first start`,
    stored: { records: [], book: [], flags: {} },
    heartbeatEveryMs: 60_000,
    fresh: { until: now + 3_600_000 },
    startedAt: now,
  });
  const host = { name, identity, node };
  // A peer's first word is about itself.
  feed(host, { type: "write", kind: "peer", id: identity.peerId, body: peerBody(name, identity) });
  return host;
}

/** Feeds one input and performs what follows, until both are silent. Answers the first step's effects. */
function feed(host: Host, input: Input): readonly Effect[] {
  now += 1;
  const { effects, rejection } = host.node.handle(input, now);
  if (rejection !== undefined) throw new Error(`${host.name}: ${rejection.message}`);
  for (const effect of effects) {
    if (effect.type !== "send") continue;
    const { type } = JSON.parse(effect.text) as { type: string };
    say(`  ${host.name} says ${type}`);
    feed(host.name === "alice" ? bob : alice, { type: "received", link: effect.link, text: effect.text });
  }
  return effects;
}

function peerBody(name: string, identity: Identity) {
  const cluster = { id: createId("clu", nobleCrypto, now), minted_by: identity.peerId, founded: false };
  return {
    name,
    description: "",
    addresses: [`${name}.example:8080`],
    api_access: "full",
    cluster,
    tls_fingerprint: "0".repeat(64),
    agent_version: "0.0.0",
    created_at: rfc3339FromMs(now),
  };
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
