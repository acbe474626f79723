import * as nodeCrypto from "node:crypto";
import {
  type CustomerId,
  createId,
  createIdentity,
  cryptoFromNode,
  type Identity,
  issueRecord,
  type JsonObject,
  type SignedRecord,
} from "@arctic/core";

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
