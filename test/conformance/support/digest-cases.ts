import { base64urlFromBytes } from "../../../packages/core/src/encoding/base64url.ts";
import { bucketMarks } from "../../../packages/core/src/gossip/differences.ts";
import { kindTable } from "../../../packages/core/src/kinds/kinds.ts";
import { DIGEST_GROUPS } from "../../../packages/core/src/registry/kind.ts";
import { recordKey, type SignedRecord } from "../../../packages/core/src/registry/record.ts";
import { Registry } from "../../../packages/core/src/registry/registry.ts";
import {
  admissionOf,
  crypto,
  hashed,
  hexFromBytes,
  identityOf,
  peerBody,
  recordOf,
  revocationOf,
  serviceBody,
  serviceIdOf,
} from "../../../packages/core/test/support/fixtures.ts";

const [alice, bob, carol] = [identityOf("alice"), identityOf("bob"), identityOf("carol")];
const service = (label: string) => recordOf(alice, "service", serviceIdOf(label), { body: serviceBody(bob.peerId) });
const note = (id: string, kind = "app.note") => recordOf(bob, kind, id, { body: { id } });

/** Registries with their hashes, and the marks of the buckets where something is. */
export function digestVectors() {
  return {
    description:
      "`places`: a record's group, registry key, bucket, and entry (hex). `registries`: records, the three hashes, and the marks (base64url) of the buckets that are not empty; `empty_mark` is that of all others.",
    empty_mark: base64urlFromBytes(crypto.sha256(new Uint8Array()).subarray(0, 8)),
    places: [service("web"), recordOf(alice, "peer", alice.peerId, { deleted: true }), note("n-1", "app.note!")].map(
      place,
    ),
    registries: [
      registry("nothing", []),
      registry("a tombstone counts like a live record", [
        recordOf(alice, "service", serviceIdOf("web"), { deleted: true }),
      ]),
      registry("every kind", [
        recordOf(alice, "peer", alice.peerId, { body: peerBody(alice.peerId, "alice") }),
        service("web"),
        admissionOf(alice, bob.peerId),
        revocationOf(bob, carol.peerId),
        note("n-1"),
        note("n-2", "zzz.unknown!"),
      ]),
      registry("several in one bucket", inOneBucket()),
    ],
  };
}

function place(record: SignedRecord) {
  const { hash } = hashed(record);
  const held = new Registry(crypto, kindTable()).put(record, hash);
  return {
    record,
    group: held.group,
    key: recordKey(record),
    bucket: held.bucket,
    content_hash: hexFromBytes(hash),
  };
}

/** Notes whose keys share their bucket with the first one's, so that the order inside a bucket shows. */
function inOneBucket(): SignedRecord[] {
  const bucketOf = (record: SignedRecord) => crypto.sha256(new TextEncoder().encode(recordKey(record)))[0];
  const all = Array.from({ length: 1200 }, (_, index) => `n-${index}`);
  const first = note("n-0");
  return all
    .filter((id) => bucketOf({ ...first, id } as SignedRecord) === bucketOf(first))
    .slice(0, 4)
    .map((id) => note(id));
}

function registry(name: string, records: readonly SignedRecord[]) {
  const made = new Registry(crypto, kindTable());
  for (const record of records) made.put(record, hashed(record).hash);
  const empty = base64urlFromBytes(crypto.sha256(new Uint8Array()).subarray(0, 8));
  const marks = Object.fromEntries(
    DIGEST_GROUPS.map((group) => [
      group,
      Object.fromEntries(bucketMarks(made, group).flatMap((mark, bucket) => (mark === empty ? [] : [[bucket, mark]]))),
    ]),
  );
  return { name, records, hashes: made.hashes, marks };
}
