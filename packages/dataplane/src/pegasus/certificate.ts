import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";

/** The key and the self-made certificate that a host's links are proven by. Peers pin the certificate by its hash. */

export interface LinkIdentity {
  /** PKCS #8, PEM. Secret. */
  readonly privateKey: string;
  /** X.509, PEM. */
  readonly certificate: string;
  /** SHA-256 of the DER certificate, lower-case hex. */
  readonly tlsFingerprint: string;
}

/** A fresh P-256 key and a certificate for it that never expires: what ends it is the peer's record. */
export function createLinkIdentity(now: Date): LinkIdentity {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKey = pair.publicKey.export({ type: "spki", format: "der" });
  const body = certificateBody(publicKey, now);
  const signature = sign("sha256", body, { key: pair.privateKey, dsaEncoding: "der" });
  const der = sequence(body, ECDSA_WITH_SHA256, tagged(0x03, Buffer.from([0]), signature));
  return {
    privateKey: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificate: new X509Certificate(der).toString(),
    tlsFingerprint: fingerprintOf(der),
  };
}

/** SHA-256, lower-case hex. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("hex");
}

/** ecdsa-with-SHA256, RFC 5758. */
const ECDSA_WITH_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");
/** RFC 5280 4.1.2.5: no well-defined expiry. */
const NO_EXPIRY = "99991231235959Z";

/** TBSCertificate of RFC 5280, version 3, without extensions. */
function certificateBody(publicKey: Buffer, now: Date): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const commonName = sequence(Buffer.from("0603550403", "hex"), tagged(0x0c, Buffer.from("arctic-pegasus")));
  const name = sequence(tagged(0x31, commonName));
  // A day back, for a peer whose clock is behind; the two forms split at 2050.
  const notBefore = timeOf(new Date(now.getTime() - 86_400_000));
  const validity = sequence(notBefore, tagged(0x18, Buffer.from(NO_EXPIRY)));
  const version = tagged(0xa0, Buffer.from("020102", "hex"));
  return sequence(version, tagged(0x02, serial), ECDSA_WITH_SHA256, name, validity, name, publicKey);
}

function timeOf(at: Date): Buffer {
  const digits = `${at.toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  return at.getUTCFullYear() < 2050 ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

/** One DER element: tag, length, content. */
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
