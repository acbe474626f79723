import { createHash } from "node:crypto";
import { base64urlFromBytes } from "../../src/encoding/base64url.ts";
import type { JsonObject } from "../../src/encoding/json.ts";
import { type CustomerId, createId, type PeerId, peerIdFromKey, type ServiceId } from "../../src/identity/id.ts";
import type { Identity } from "../../src/identity/identity.ts";
import { issueLicense, type License, type LicenseRoot, type LicenseTerms } from "../../src/license/license.ts";
import {
  contentHash,
  issueRecord,
  type RecordContent,
  type SignedRecord,
  VERSION_PER_MS,
} from "../../src/registry/record.ts";
import { DAY_MS, HOUR_MS, type Millis, rfc3339FromMs } from "../../src/time.ts";
import { createTestCrypto } from "./crypto.ts";

/** The present of the tests, unless one says otherwise. */
export const NOW: Millis = Date.UTC(2026, 0, 15, 12);

/** For signing and hashing where no random byte is drawn. */
export const crypto = createTestCrypto("fixtures");

export function bytesFromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));
}

export function hexFromBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The same 32 bytes for the same label: a key that anybody can make, and so a clearly fake one. */
export function bytesOf(label: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(`arctic test: ${label}`).digest());
}

export function identityOf(label: string, mintedAt: Millis = NOW - DAY_MS): Identity {
  const secretKey = bytesOf(`key of ${label}`);
  const publicKey = crypto.publicKeyOf(secretKey);
  return { peerId: peerIdFromKey(crypto, publicKey, mintedAt), publicKey, secretKey };
}

function idOf<P extends "clu" | "svc" | "lic" | "cust" | "cli" | "rot">(prefix: P, label: string, at: Millis) {
  return createId(prefix, createTestCrypto(`${prefix} ${label}`), at);
}
export const clusterIdOf = (label: string, at: Millis = NOW - DAY_MS) => idOf("clu", label, at);
export const serviceIdOf = (label: string, at: Millis = NOW - DAY_MS): ServiceId => idOf("svc", label, at);
export const licenseIdOf = (label: string) => idOf("lic", label, NOW - 30 * DAY_MS);
export const customerIdOf = (label: string) => idOf("cust", label, NOW - 60 * DAY_MS);
export const clientIdOf = (label: string) => idOf("cli", label, NOW - DAY_MS);
export const rotationIdOf = (label: string) => idOf("rot", label, NOW - DAY_MS);

export const CUSTOMER: CustomerId = customerIdOf("acme");
export const ROOT_SECRET = bytesOf("license root");
export const ROOT: LicenseRoot = {
  key_id: "test-root",
  public_key: base64urlFromBytes(crypto.publicKeyOf(ROOT_SECRET)),
};

export function licenseTerms(changes: Partial<LicenseTerms> = {}): LicenseTerms {
  return {
    customer_id: CUSTOMER,
    license_id: licenseIdOf("first"),
    replaces: [],
    issued_at: rfc3339FromMs(NOW - 10 * DAY_MS),
    expires_at: rfc3339FromMs(NOW + 355 * DAY_MS),
    max_nodes: 16,
    max_services: 100,
    features: [],
    ...changes,
  };
}

export function licenseOf(changes: Partial<LicenseTerms> = {}): License {
  return issueLicense(crypto, { keyId: ROOT.key_id, secretKey: ROOT_SECRET }, licenseTerms(changes));
}

export const versionOf = (at: Millis) => at * VERSION_PER_MS;

/** A record as its owner signs it. Nothing of it is judged. */
export function recordOf(
  owner: Identity,
  kind: string,
  id: string,
  content: RecordContent,
  head: { readonly at?: Millis; readonly version?: number; readonly customerId?: CustomerId } = {},
): SignedRecord {
  const version = head.version ?? versionOf(head.at ?? NOW - HOUR_MS);
  return issueRecord(crypto, owner, { kind, id, version, customerId: head.customerId ?? CUSTOMER }, content);
}

export function admissionOf(introducer: Identity, newcomer: PeerId, at: Millis = NOW - HOUR_MS): SignedRecord {
  return recordOf(introducer, "admission", newcomer, { body: { introduced_at: rfc3339FromMs(at) } }, { at });
}

export function revocationOf(revoker: Identity, revoked: string, at: Millis = NOW - HOUR_MS): SignedRecord {
  const body = { reason: "test", revoked_at: rfc3339FromMs(at) };
  return recordOf(revoker, "revocation", revoked, { body }, { at });
}

export function serviceBody(target: PeerId, changes: JsonObject = {}): JsonObject {
  return {
    name: "web",
    target_peer_id: target,
    transport_type: "tcp",
    requires_interface: false,
    fully_transparent: false,
    bandwidth_limit_mbps: 0,
    routes: [{ route_id: 1, priority: 100, dest_cidr: "192.0.2.0/24" }],
    created_at: rfc3339FromMs(NOW - HOUR_MS),
    ...changes,
  };
}

export function peerBody(owner: PeerId, name: string, changes: JsonObject = {}): JsonObject {
  return {
    name,
    description: "",
    addresses: [`${name}.example:8080`],
    api_access: "full",
    cluster: { id: clusterIdOf(name), minted_by: owner, founded: false },
    tls_fingerprint: hexFromBytes(bytesOf(`certificate of ${name}`)),
    agent_version: "0.0.0",
    created_at: rfc3339FromMs(NOW - DAY_MS),
    ...changes,
  };
}

export function hashed(record: SignedRecord) {
  return { record, hash: contentHash(crypto, record) };
}
