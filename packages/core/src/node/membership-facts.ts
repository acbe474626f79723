import { isId, type PeerId } from "../identity/id.ts";
import { isTombstone } from "../registry/record.ts";
import type { Registry } from "../registry/registry.ts";

/** What a registry says of who belongs: admissions, revocations of peers, and who has left. */
export function membershipFacts(self: PeerId, registry: Registry) {
  const admissions = [...registry.ofKind("admission")].flatMap(({ record }) =>
    isId("peer", record.id) ? [{ introducer: record.owner, newcomer: record.id }] : [],
  );
  const revocations = [...registry.ofKind("revocation")].flatMap(({ record }) =>
    isId("peer", record.id) ? [{ revoker: record.owner, revoked: record.id }] : [],
  );
  const left = [...registry.ofKind("peer")].flatMap(({ record }) => (isTombstone(record) ? [record.owner] : []));
  return { self, admissions, revocations, left };
}
