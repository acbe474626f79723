import {
  base64urlFromBytes,
  bytesFromBase64url,
  type CustomerId,
  complaintOfLicenseRoot,
  type LicenseRoot,
  nobleCrypto,
  parseJson,
} from "@arctic/core";
import * as z from "zod";
import { configFailure, usageFailure } from "../failure.ts";
import { readPrivate, readSource } from "../files.ts";

/** A root that may sign licenses: its public half and its secret key (32 bytes). */
export interface RootKey {
  readonly root: LicenseRoot;
  readonly secretKey: Uint8Array;
}

const rootSchema = z.custom<LicenseRoot>().check((context) => {
  const complaint = complaintOfLicenseRoot(context.value);
  if (complaint !== undefined) context.issues.push({ code: "custom", input: context.value, message: complaint });
});
const rootKeySchema = rootSchema.and(z.looseObject({ secret_key: z.string() }));

export function createRootKey(keyId: string, customerId: CustomerId | undefined): RootKey {
  const secretKey = nobleCrypto.randomBytes(32);
  const publicKey = base64urlFromBytes(nobleCrypto.publicKeyOf(secretKey));
  return { root: { key_id: keyId, public_key: publicKey, ...forCustomer(customerId) }, secretKey };
}

/** The text of a key file. It is the root: who reads it may sign licenses. */
export function rootKeyText({ root, secretKey }: RootKey): string {
  return `${JSON.stringify({ ...root, secret_key: base64urlFromBytes(secretKey) }, null, 2)}\n`;
}

/** The text of an agent's ARCTIC_LICENSE_ROOTS file. */
export function rootsText(roots: readonly LicenseRoot[]): string {
  return `${JSON.stringify(roots, null, 2)}\n`;
}

export function readRootKey(path: string): RootKey {
  const text = readPrivate(path, "the key file");
  if (text === undefined) {
    throw usageFailure(`the key file ${path} does not exist.`, "Make one with: arctic license keygen");
  }
  const parsed = rootKeySchema.safeParse(jsonOf(text, path));
  const secretKey = parsed.success ? bytesFromBase64url(parsed.data.secret_key) : undefined;
  if (!parsed.success || secretKey?.length !== 32) {
    throw configFailure(`${path} is not a key file made by arctic license keygen.`);
  }
  const { key_id, public_key, customer_id } = parsed.data;
  if (base64urlFromBytes(nobleCrypto.publicKeyOf(secretKey)) !== public_key) {
    throw configFailure(`${path} is damaged: its secret key does not belong to its public key.`);
  }
  return { root: { key_id, public_key, ...forCustomer(customer_id) }, secretKey };
}

export function readRoots(path: string): LicenseRoot[] {
  const parsed = z
    .array(rootSchema)
    .min(1)
    .safeParse(jsonOf(readSource(path, "the roots file"), path));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw configFailure(
    `${path} is not a roots file${where}: ${issue?.message ?? "wrong shape"}.`,
    "It is a JSON array of {key_id, public_key, customer_id?}.",
  );
}

/** JSON as it travels: duplicate keys and numbers that are not safe integers are refused. */
export function jsonOf(text: string, path: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw usageFailure(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function forCustomer(customerId: CustomerId | undefined): { customer_id?: CustomerId } {
  return customerId === undefined ? {} : { customer_id: customerId };
}
