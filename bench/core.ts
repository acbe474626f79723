import { generateKeyPairSync, sign, verify } from "node:crypto";
import {
  type Crypto,
  createIdentity,
  type Identity,
  type Input,
  issueRecord,
  type SignedRecord,
  verifySignature,
} from "@arctic/core";
import { createSimulatedCrypto } from "../test/simulation/crypto.ts";
import { createRandom } from "../test/simulation/random.ts";
import { World } from "../test/simulation/world.ts";
import { median, report, row } from "./support/report.ts";

const ROUNDS = 5;
const CHECKS = 4000;

/** Rates per second of two jobs, in interleaved rounds so that both meet the same machine; the median of each. */
function compare(ours: () => number, rival: () => number): [number, number] {
  const [a, b]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    a.push(ours());
    b.push(rival());
  }
  return [median(a), median(b)];
}

function rateOf(count: number, work: () => void): number {
  const startedAt = process.hrtime.bigint();
  work();
  return count / (Number(process.hrtime.bigint() - startedAt) / 1e9);
}

/** Strict checks in front of node:crypto against node:crypto alone, both with keys that are parsed already. */
function signatureChecks() {
  const crypto = createSimulatedCrypto(createRandom(1));
  const identity = createIdentity(crypto, 0);
  const message = crypto.randomBytes(400);
  const signature = crypto.sign(identity.secretKey, message);
  const bare = generateKeyPairSync("ed25519");
  const bareSignature = sign(null, message, bare.privateKey);
  const [ours, rival] = compare(
    () => rateOf(CHECKS, () => repeat(CHECKS, () => verifySignature(identity.publicKey, message, signature, crypto))),
    () => rateOf(CHECKS, () => repeat(CHECKS, () => verify(null, message, bare.publicKey, bareSignature))),
  );
  return row("signature checks, node:crypto behind the strict rule", "checks/s", ours, "bare crypto.verify", rival, {
    atLeast: 0.9,
  });
}

/** New records through `handle`: parse, shape, order, signature, digest, persist; against the bare verifications alone. */
function merging() {
  const count = 900;
  const [ours, rival] = compare(
    () => {
      const { receiver, frames } = linkedPair(count);
      return rateOf(count, () => {
        for (const frame of frames) receiver(frame);
      });
    },
    () => {
      const { publicKey, privateKey } = generateKeyPairSync("ed25519");
      const message = new Uint8Array(500).fill(7);
      const signature = sign(null, message, privateKey);
      return rateOf(count, () => repeat(count, () => verify(null, message, publicKey, signature)));
    },
  );
  return row("new records merged", "records/s", ours, "bare crypto.verify", rival, { atLeast: 0.85 });
}

/** Two linked peers, and frames that push new services of one to the other. */
function linkedPair(count: number): { receiver: (text: string) => void; frames: string[] } {
  const world = new World(1);
  const [a, b] = [world.addPeer(), world.addPeer()];
  world.join(a, b);
  world.runFor(5000);
  const crypto = createSimulatedCrypto(createRandom(2));
  const records = Array.from({ length: count }, (_, index) =>
    service(crypto, a.identity, a.node.cluster.license.customer_id, world.now, index),
  );
  const link = b.node.peers.get(a.identity.peerId)?.link;
  if (link === undefined) throw new Error("the two peers are not linked");
  const frames: string[] = [];
  for (let start = 0; start < records.length; start += 100)
    frames.push(JSON.stringify({ type: "push", records: records.slice(start, start + 100) }));
  return { frames, receiver: (text) => b.node.handle({ type: "received", link, text } satisfies Input, world.now) };
}

function service(
  crypto: Crypto,
  owner: Identity,
  customerId: SignedRecord["customer_id"],
  now: number,
  index: number,
): SignedRecord {
  const body = {
    name: `service ${index}`,
    target_peer_id: owner.peerId,
    transport_type: "tcp",
    requires_interface: false,
    fully_transparent: false,
    bandwidth_limit_mbps: 0,
    routes: [{ route_id: 1, priority: 0, dest_cidr: "10.0.0.0/24" }],
    created_at: new Date(now).toISOString(),
  };
  const id = `svc_0${index.toString().padStart(25, "0")}`;
  return issueRecord(crypto, owner, { kind: "service", id, version: now * 1024 + index, customerId }, { body });
}

function repeat(count: number, work: () => void): void {
  for (let index = 0; index < count; index += 1) work();
}

report([signatureChecks(), merging()]);
