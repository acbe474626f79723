import type { ClusterNode, Identity, SignedRecord } from "@arctic/core";
import { createNode } from "./duo.ts";
import { admission, identities, LATER, serviceBody, serviceId, services } from "./fixtures.ts";
import { limited, median, type Row } from "./report.ts";

const RECORDS = 100_000;

/** A node that holds 100,000 services, as it is after a start from its disk. */
export function bigRegistry(): Row[] {
  const [self, ...owners] = identities(1 + RECORDS / 1000);
  if (self === undefined) throw new Error("identities were made");
  const before = heapUsed();
  const node = filledNode(self, owners);
  const megabytes = (heapUsed() - before) / 1e6;
  if (node.registry.size < RECORDS) throw new Error("the registry does not hold them all");
  node.registry.hashes;
  const times = Array.from({ length: 200 }, (_, index) => {
    const id = serviceId(RECORDS + index);
    const step = node.handle({ type: "write", kind: "service", id, body: serviceBody(self, index) }, LATER);
    if (step.rejection !== undefined) throw new Error(step.rejection.message);
    const startedAt = process.hrtime.bigint();
    node.registry.hashes;
    return Number(process.hrtime.bigint() - startedAt) / 1e6;
  });
  return [
    limited("a registry of 100,000 records", "MB", megabytes, 250),
    limited("the digest after one change in it", "ms", median(times), 1),
  ];
}

function filledNode(self: Identity, owners: readonly Identity[]): ClusterNode {
  const admissions = owners.map((owner) => admission(self, owner));
  // Each from a text of its own, as a disk gives them: no two records share a string.
  const records = services(owners, RECORDS).map((record) => JSON.parse(JSON.stringify(record)) as SignedRecord);
  return createNode(self, [...admissions, ...records]);
}

function heapUsed(): number {
  globalThis.gc?.();
  const { heapUsed: heap, arrayBuffers } = process.memoryUsage();
  return heap + arrayBuffers;
}
