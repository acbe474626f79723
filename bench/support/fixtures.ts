import * as nodeCrypto from "node:crypto";
import {
  createId,
  createIdentity,
  cryptoFromNode,
  type Identity,
  issueLicense,
  issueRecord,
  type JsonObject,
  type License,
  type LicenseRoot,
  type NodeCrypto,
  rfc3339FromMs,
  type SignedRecord,
} from "@arctic/core";
import { createRandom } from "../../test/simulation/random.ts";

export const NOW = Date.UTC(2026, 0, 1);
/** node:crypto, with randomness from a seed. */
/** When a node that started at NOW may write: it has heard by then what others hold of its records. */
export const LATER = NOW + 60_000;
const random = createRandom(1);
export const crypto: NodeCrypto = { ...cryptoFromNode(nodeCrypto), randomBytes: (length) => random.bytes(length) };
const root = createIdentity(crypto, NOW);
export const roots: readonly LicenseRoot[] = [
  { key_id: "bench", public_key: Buffer.from(root.publicKey).toString("base64url") },
];
export const license: License = issueLicense(
  crypto,
  { keyId: "bench", secretKey: root.secretKey },
  {
    customer_id: createId("cust", crypto, NOW - 1000),
    license_id: createId("lic", crypto, NOW - 1000),
    replaces: [],
    issued_at: rfc3339FromMs(NOW - 1000),
    expires_at: rfc3339FromMs(NOW + 3650 * 86_400_000),
    max_nodes: 100_000,
    max_services: 1_000_000,
    features: [],
  },
);

export function identities(count: number): Identity[] {
  return Array.from({ length: count }, () => createIdentity(crypto, NOW));
}

export function admission(by: Identity, newcomer: Identity): SignedRecord {
  return issue(by, "admission", newcomer.peerId, { introduced_at: rfc3339FromMs(NOW) }, 0);
}

/** Services of the owners in turn, an hour old. */
export function services(owners: readonly Identity[], count: number): SignedRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const owner = owners[index % owners.length];
    if (owner === undefined) throw new Error("there are no owners");
    return issue(owner, "service", serviceId(index), serviceBody(owner, index), index);
  });
}

export function serviceId(index: number): string {
  return `svc_0${index.toString().padStart(25, "0")}`;
}

export function serviceBody(target: Identity, index: number): JsonObject {
  return {
    name: `service ${index}`,
    target_peer_id: target.peerId,
    transport_type: "tcp",
    requires_interface: false,
    fully_transparent: false,
    bandwidth_limit_mbps: 0,
    routes: [{ route_id: 1, priority: 0, dest_cidr: `10.${index % 250}.${(index >> 8) % 250}.0/24` }],
    created_at: rfc3339FromMs(NOW),
  };
}

function issue(owner: Identity, kind: string, id: string, body: JsonObject, index: number): SignedRecord {
  const head = { kind, id, version: (NOW - 3_600_000) * 1024 + index, customerId: license.customer_id };
  return issueRecord(crypto, owner, head, { body });
}
