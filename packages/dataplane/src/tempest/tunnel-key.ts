import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { chmod, lstat, open, readFile } from "node:fs/promises";

export interface TunnelKey {
  /** 32 bytes, clamped as X25519 uses them: WireGuard shows them so, and takes others for another key. */
  readonly privateKey: Uint8Array;
  /** Base64url. */
  readonly publicKey: string;
}

/** Reads the WireGuard key, or makes it once: 32 bytes of X25519, base64url, mode 0600. */
export async function loadTunnelKey(path: string): Promise<TunnelKey> {
  const text = (await readKeyFile(path)) ?? (await createKeyFile(path));
  const privateKey = Buffer.from(text, "base64url");
  if (privateKey.length !== 32) {
    throw new Error(
      `${path} holds no tunnel key: remove it, and a new one is made (peers learn the new one from the cluster)`,
    );
  }
  return { privateKey: clamped(privateKey), publicKey: publicKeyOf(privateKey) };
}

/** Whether a key lies there. */
export async function hasTunnelKey(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

/** RFC 7748, section 5. */
function clamped(key: Buffer): Buffer {
  const bytes = Buffer.from(key);
  bytes.writeUInt8(bytes.readUInt8(0) & 248, 0);
  bytes.writeUInt8((bytes.readUInt8(31) & 127) | 64, 31);
  return bytes;
}

async function readKeyFile(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isFile()) throw new Error(`${path} is no plain file: the tunnel key must not be a link`);
  if ((found.mode & 0o077) !== 0) throw new Error(`${path} can be read by others: chmod 600 ${path}`);
  return (await readFile(path, "utf8")).trim();
}

async function createKeyFile(path: string): Promise<string> {
  const { d } = generateKeyPairSync("x25519").privateKey.export({ format: "jwk" });
  if (d === undefined) throw new Error("X25519 gave no private key");
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(`${d}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(path, 0o600);
  return d;
}

/** RFC 8410: the 32 bytes behind a fixed head are an X25519 key in PKCS #8. */
function publicKeyOf(privateKey: Buffer): string {
  const der = Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), privateKey]);
  const { x } = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })).export({ format: "jwk" });
  if (x === undefined) throw new Error("X25519 gave no public key");
  return x;
}
