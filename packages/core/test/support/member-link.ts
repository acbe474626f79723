import type { Identity } from "../../src/identity/identity.ts";
import { licenseHash } from "../../src/license/license.ts";
import type { SignedRecord } from "../../src/registry/record.ts";
import { rfc3339FromMs } from "../../src/time.ts";
import { admissionOf, crypto, identityOf } from "./fixtures.ts";
import { RawLink } from "./raw-link.ts";
import { TestPeer, type TestPeerOptions } from "./test-peer.ts";

/** bob, and a live link to him that the test speaks as alice, a member, after her first heartbeat. */
export function memberLink(options: TestPeerOptions & { readonly others?: readonly Identity[] } = {}) {
  const alice = identityOf("alice");
  const { others = [], records = [], ...rest } = options;
  const stored: SignedRecord[] = [
    admissionOf(identityOf("bob"), alice.peerId),
    ...others.map((other) => admissionOf(alice, other.peerId)),
    ...records,
  ];
  const bob = new TestPeer("bob", { ...rest, records: stored });
  const link = new RawLink(bob, options.startedAt === undefined ? {} : { now: options.startedAt });
  if (!link.handshake(alice, options.license)) throw new Error("a member is let in");
  // She holds what he holds, so that he writes from now on.
  const { license } = bob.node.cluster;
  link.say({
    type: "heartbeat",
    boot: "alice's first",
    seq: 1,
    time: rfc3339FromMs(link.now),
    license_id: license.license_id,
    license_hash: licenseHash(crypto, license),
    license_issued_at: license.issued_at,
    hashes: bob.node.registry.hashes,
    records: [],
  });
  return { alice, bob, link };
}

/** The refusals that the node told its host of, as `code × count`. */
export function refusalsOf(peer: TestPeer): string[] {
  return peer.notices.flatMap((notice) =>
    notice.type === "refused" ? [`${notice.rejection.code} × ${notice.count}`] : [],
  );
}
