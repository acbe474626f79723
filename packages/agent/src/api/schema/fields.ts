import {
  type ClientId,
  type ClusterId,
  type CustomerId,
  isId,
  type LicenseId,
  type PeerId,
  parseCidr,
  type ServiceId,
} from "@arctic/core";
import * as z from "zod";
import { parseHostPort } from "../../transport/address.ts";

/** Fields that several resources share. All of them travel as snake_case JSON. */

export const peerId = z.custom<PeerId>((value) => isId("peer", value), "not a peer_ id");
export const serviceId = z.custom<ServiceId>((value) => isId("svc", value), "not a svc_ id");
export const clusterId = z.custom<ClusterId>((value) => isId("clu", value), "not a clu_ id");
export const clientId = z.custom<ClientId>((value) => isId("cli", value), "not a cli_ id");
export const licenseId = z.custom<LicenseId>((value) => isId("lic", value), "not a lic_ id");
export const customerId = z.custom<CustomerId>((value) => isId("cust", value), "not a cust_ id");

/** RFC 3339 UTC. */
export const instant = z.string();
export const name = z.string().min(1).max(128);
export const description = z.string().max(1024);
/** Ed25519, 32 bytes, base64url. */
export const publicKey = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "not 32 bytes in base64url");
/** SHA-256 of a DER certificate, lower-case hex without colons. */
export const tlsFingerprint = z.string().regex(/^[0-9a-f]{64}$/, "not a SHA-256 in lower-case hex");

/** `host:port`; an IPv6 host in brackets. */
export const address = z
  .string()
  .max(262)
  .refine((text) => parseHostPort(text) !== undefined, "not host:port");

/** The one canonical spelling of a network: no leading zeros, no host bits. */
export const cidr = z.string().refine((text) => parseCidr(text) !== undefined, {
  message: "not a canonical CIDR",
  params: { code: "INVALID_CIDR" },
});

export const apiAccess = z.enum(["full", "internal"]);

/** Lists come in pages of at most 1,000; `cursor` is the `next_cursor` of the page before. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(1000).optional(),
  cursor: z.string().max(256).optional(),
};
export const nextCursor = z.string().optional();

/** A yes or no in a query string. */
export const queryFlag = z.enum(["true", "false"]);
