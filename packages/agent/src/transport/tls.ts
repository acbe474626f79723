import { createHash, generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** A certificate and its key, as PEM. Identity does not come from it: it is bound to the handshake and pinned by signed records. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
}

/** A self-made P-256 certificate without an end: what ends it is the record that pins it. `serial` is 16 unpredictable bytes. */
export function createTlsIdentity(serial: Uint8Array): TlsIdentity {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const body = certificateBody(pair.publicKey.export({ type: "spki", format: "der" }), serial);
  const signature = sign("sha256", body, { key: pair.privateKey, dsaEncoding: "der" });
  const der = sequence(body, ECDSA_WITH_SHA256, tagged(0x03, Buffer.from([0]), signature));
  return {
    certificate: new X509Certificate(der).toString().trimEnd(),
    key: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString().trimEnd(),
  };
}

/** SHA-256 of the certificate, lower-case hex without colons. */
export function fingerprintOf(certificatePem: string): string {
  return createHash("sha256").update(new X509Certificate(certificatePem).raw).digest("hex");
}

const EXPORTER_LABEL = "EXPORTER-arctic-gossip-v1";

/** 32 bytes that both ends of this TLS connection, and nobody else, can compute (RFC 8446 section 7.5). */
export function channelBinding(socket: TLSSocket): Uint8Array {
  return new Uint8Array(socket.exportKeyingMaterial(32, EXPORTER_LABEL, Buffer.alloc(0)));
}

/** ecdsa-with-SHA256, RFC 5758. */
const ECDSA_WITH_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");
/** Long past, for peers whose clocks are behind. */
const NOT_BEFORE = "200101000000Z";
/** RFC 5280 section 4.1.2.5: no well-defined end. */
const NOT_AFTER = "99991231235959Z";

/** TBSCertificate of RFC 5280, version 3, without extensions. */
function certificateBody(publicKey: Buffer, serial: Uint8Array): Buffer {
  // Positive and of full length, whatever the random bytes are.
  const serialNumber = Buffer.from([((serial[0] ?? 0) & 0x3f) | 0x40, ...serial.subarray(1)]);
  const commonName = sequence(Buffer.from("0603550403", "hex"), tagged(0x0c, Buffer.from("arctic-agent")));
  const name = sequence(tagged(0x31, commonName));
  const validity = sequence(tagged(0x17, Buffer.from(NOT_BEFORE)), tagged(0x18, Buffer.from(NOT_AFTER)));
  const version = tagged(0xa0, Buffer.from("020102", "hex"));
  return sequence(version, tagged(0x02, serialNumber), ECDSA_WITH_SHA256, name, validity, name, publicKey);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

/** One DER element (X.690): tag, length, content. */
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}
