import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { canonicalJson, createIdentity, licenseHash, type SignedRecord, verifySignature } from "@arctic/core";
import { bigRegistry } from "./support/core-registry.ts";
import { oneMissing } from "./support/core-repair.ts";
import { Duo } from "./support/duo.ts";
import { crypto, identities, license, NOW, services } from "./support/fixtures.ts";
import { limited, median, type Row, report, row } from "./support/report.ts";

const CHECKS = 4000;
const RECORDS = 10_000;
const HELD = 1100;

type Job = () => number | Promise<number>;

/** Rates per second of some jobs, in interleaved rounds so that all meet the same machine; the median of each. */
async function compare(rounds: number, ...jobs: readonly Job[]): Promise<number[]> {
  const rates = jobs.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1)
    for (const [index, job] of jobs.entries()) rates[index]?.push(await job());
  return rates.map(median);
}

function msOf(work: () => void): number {
  const startedAt = process.hrtime.bigint();
  work();
  return msSince(startedAt);
}

const msSince = (startedAt: bigint) => Number(process.hrtime.bigint() - startedAt) / 1e6;
const rateOf = (count: number, work: () => void) => (count * 1000) / msOf(work);

/** Strict checks in front of node:crypto against node:crypto alone, both with keys that are parsed already. */
async function signatureChecks(): Promise<Row> {
  const identity = createIdentity(crypto, 0);
  const message = crypto.randomBytes(400);
  const signature = crypto.sign(identity.secretKey, message);
  const bare = generateKeyPairSync("ed25519");
  const bareSignature = sign(null, message, bare.privateKey);
  const [ours = 0, rival = 0] = await compare(
    5,
    () => rateOf(CHECKS, () => repeat(CHECKS, () => verifySignature(identity.publicKey, message, signature, crypto))),
    () => rateOf(CHECKS, () => repeat(CHECKS, () => verify(null, message, bare.publicKey, bareSignature))),
  );
  return row("signature checks, node:crypto behind the strict rule", "checks/s", ours, "bare crypto.verify", rival, {
    atLeast: 0.9,
  });
}

/**
 * New records through `handle`: parse, shape, order, signature, digest, persist; against the verifications of the same
 * records alone. As the agent does it, signatures of a frame checked on the thread pool while the frame before it is
 * merged, and on one thread.
 */
async function merging(): Promise<Row[]> {
  const owners = identities(10);
  const records = services(owners, RECORDS);
  const frames = chunksOf(records, 400).map(pushOf);
  const keyByText = new Map(owners.map((owner) => [owner.peerId, keyObject(owner.publicKey)]));
  const jobs = records.map(({ signature, ...record }) => ({
    key: keyByText.get(record.owner),
    message: Buffer.from(`arctic/record/v1\u0000${canonicalJson(record)}`),
    signature: Buffer.from(signature, "base64url"),
  }));
  const merged = (duo: Duo) => {
    if (duo.b.registry.live("service").length !== RECORDS) throw new Error("not every record was merged");
  };
  const [pooled = 0, alone = 0, rival = 0] = await compare(
    3,
    async () => {
      const duo = new Duo([], [], owners);
      const startedAt = process.hrtime.bigint();
      let before = Promise.resolve();
      for (const frame of frames) {
        const checked = crypto.verifyAhead(duo.b.registry.signaturesIn(frame));
        await before;
        before = checked.then(() => duo.receive(frame));
      }
      await before;
      const ms = msSince(startedAt);
      merged(duo);
      return (RECORDS * 1000) / ms;
    },
    () => {
      const duo = new Duo([], [], owners);
      const rate = rateOf(RECORDS, () => {
        for (const frame of frames) duo.receive(frame);
      });
      merged(duo);
      return rate;
    },
    () =>
      rateOf(RECORDS, () => {
        for (const { key, message, signature } of jobs)
          if (key === undefined || !verify(null, message, key, signature)) throw new Error("a signature is wrong");
      }),
  );
  const bare = "bare crypto.verify of the same";
  return [
    row("10,000 new records merged, checked ahead on the pool", "records/s", pooled, bare, rival, { atLeast: 0.85 }),
    row("the same on one thread", "records/s", alone, bare, rival, { atLeast: 0.6 }),
  ];
}

/** A heartbeat with records that the receiver holds already, from text to answer; beside it the JSON parser alone. */
function heldHeartbeat(): Row[] {
  const owners = identities(10);
  const records = services(owners, HELD);
  const duo = new Duo([], records, owners);
  const frames = Array.from({ length: 60 }, (_, index) =>
    JSON.stringify({
      type: "heartbeat",
      boot: "another",
      seq: index + 1,
      time: new Date(NOW).toISOString(),
      license_id: license.license_id,
      license_hash: licenseHash(crypto, license),
      license_issued_at: license.issued_at,
      hashes: duo.b.registry.hashes,
      records,
    }),
  );
  const times = frames.map((frame) => msOf(() => duo.receive(frame)));
  const parsing = frames.map((frame) => msOf(() => JSON.parse(frame)));
  return [
    limited("a heartbeat of 1,100 records already held", "ms", median(times), 3),
    row("the same, beside the parser", "ms", median(times), "JSON.parse alone", median(parsing), { atMost: 1 }),
  ];
}

const pushOf = (records: readonly SignedRecord[]) => JSON.stringify({ type: "push", records });

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function keyObject(raw: Uint8Array): KeyObject {
  const key = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]);
  return createPublicKey({ key, format: "der", type: "spki" });
}

function repeat(count: number, work: () => void): void {
  for (let index = 0; index < count; index += 1) work();
}

report([await signatureChecks(), ...(await merging()), ...heldHeartbeat(), ...bigRegistry(), ...oneMissing()]);
