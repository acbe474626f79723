import * as nodeCrypto from "node:crypto";
import {
  base64urlFromBytes,
  type CustomerId,
  createId,
  createIdentity,
  cryptoFromNode,
  type Identity,
  issueRecord,
  type JsonObject,
  type SignedRecord,
} from "@arctic/core";
import type { Facts } from "../../src/store/store.ts";

/** Signed records for tests that need no cluster. */
export const crypto = cryptoFromNode(nodeCrypto);
export const customerId: CustomerId = createId("cust", crypto, Date.now());

export function newIdentity(): Identity {
  return createIdentity(crypto, Date.now());
}

export function recordOf(
  owner: Identity,
  kind: string,
  id: string,
  body: JsonObject,
  version = Date.now() * 1024,
): SignedRecord {
  return issueRecord(crypto, owner, { kind, id, version, customerId }, { body });
}

/** What a store knows of its peer from the bootstrap. */
export function factsOf(identity: Identity): Facts {
  return {
    peer_id: identity.peerId,
    public_key: base64urlFromBytes(identity.publicKey),
    cluster_id: createId("clu", crypto, Date.now()),
    customer_id: customerId,
    client_id: createId("cli", crypto, Date.now()),
    bootstrapped_at: 1,
    fresh_until: 2,
  };
}
