import type { NodeOptions } from "../../../packages/core/src/node/cluster-node.ts";
import { Intake } from "../../../packages/core/src/node/intake.ts";
import { NodeState } from "../../../packages/core/src/node/state.ts";
import { recordKey, type SignedRecord } from "../../../packages/core/src/registry/record.ts";
import { HOUR_MS } from "../../../packages/core/src/time.ts";
import { createTestCrypto } from "../../../packages/core/test/support/crypto.ts";
import { identityOf, licenseOf, NOW, ROOT } from "../../../packages/core/test/support/fixtures.ts";

export const RECEIVER = identityOf("self");
export const STARTED_AT = NOW - 2 * HOUR_MS;

/** A peer with the key of `self` that holds these records, and what else of its options matters. */
export function receiverWith(held: readonly SignedRecord[], options: Partial<NodeOptions> = {}): NodeState {
  return new NodeState({
    crypto: createTestCrypto("receiver"),
    identity: RECEIVER,
    roots: [ROOT],
    license: licenseOf(),
    bootId: "boot",
    stored: { records: held, book: [], flags: {} },
    heartbeatEveryMs: 60_000,
    startedAt: STARTED_AT,
    ...options,
  });
}

/** What core answers to the records of one frame: the refusals' codes, and the registry keys that became current. */
export function judge(held: readonly SignedRecord[], records: readonly unknown[]) {
  const state = receiverWith(held);
  const report = new Intake(state).take(records, "link", NOW, 20);
  return {
    codes: report.rejections.map(({ code }) => code).sort(),
    current: state.applied.map(({ record }) => recordKey(record)).sort(),
  };
}
