import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { createLinkIdentity, fingerprintOf, type LinkIdentity } from "./certificate.ts";

/**
 * The identity in `stateDir`; makes the folder (0700) and the identity at the first start and never replaces it.
 * @throws Error that names the file and what to do, when one is missing, has the wrong mode or owner, is no regular
 * file, or does not belong to the other.
 */
export async function openLinkIdentity(stateDir: string, now: Date): Promise<LinkIdentity> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  await checkFolder(stateDir);
  const keyPath = path.join(stateDir, "pegasus.key");
  const certificatePath = path.join(stateDir, "pegasus.crt");
  const privateKey = await readRegular(keyPath, 0o600);
  const certificate = await readRegular(certificatePath, 0o644);
  if (privateKey === undefined) {
    // The certificate is written first, so one without a key is a first start that was cut off: nobody has seen it.
    const fresh = createLinkIdentity(now);
    await writeDurably(certificatePath, fresh.certificate, 0o644, "replace");
    await writeDurably(keyPath, fresh.privateKey, 0o600, "create");
    return fresh;
  }
  if (certificate === undefined) throw new Error(`${certificatePath} is missing; restore it, or remove ${keyPath} too`);
  return pairedIdentity(privateKey, certificate, keyPath, certificatePath);
}

function pairedIdentity(
  privateKey: string,
  certificate: string,
  keyPath: string,
  certificatePath: string,
): LinkIdentity {
  const parsed = parseCertificate(certificate, certificatePath);
  const belongs = parsed.checkPrivateKey(parsePrivateKey(privateKey, keyPath));
  if (!belongs) throw new Error(`${keyPath} is not the key of ${certificatePath}; restore the pair, or remove both`);
  return { privateKey, certificate, tlsFingerprint: fingerprintOf(parsed.raw) };
}

function parseCertificate(text: string, file: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw new Error(`${file} holds no certificate; restore it, or remove it and the key beside it`);
  }
}

function parsePrivateKey(text: string, file: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    throw new Error(`${file} holds no private key; restore it, or remove it and the certificate beside it`);
  }
}

async function checkFolder(folder: string): Promise<void> {
  const { mode, uid } = await stat(folder);
  if ((mode & 0o077) !== 0) throw new Error(`${folder} is open to others (${octal(mode)}); run: chmod 700 ${folder}`);
  if (uid !== process.getuid?.())
    throw new Error(`${folder} belongs to uid ${uid}; run: chown ${process.getuid?.()} ${folder}`);
}

/** The text of a file that is regular, ours, of exactly that mode and no link; undefined when there is none. */
async function readRegular(file: string, mode: number): Promise<string | undefined> {
  const handle = await openUnlinked(file);
  if (handle === undefined) return undefined;
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new Error(`${file} is no regular file; remove it`);
    if (found.uid !== process.getuid?.())
      throw new Error(`${file} belongs to uid ${found.uid}; it may have been seen by others`);
    if ((found.mode & 0o777 & ~mode) !== 0) {
      throw new Error(`${file} has mode ${octal(found.mode)}; run: chmod ${octal(mode)} ${file}`);
    }
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

async function openUnlinked(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP") throw new Error(`${file} is a symbolic link; put the file itself there`);
    throw error;
  }
}

/** On disk under its final name, whole, or not at all. `create` never replaces a file that is there. */
async function writeDurably(file: string, text: string, mode: number, how: "create" | "replace"): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString("hex")}.new`;
  const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
    await handle.close();
    if (how === "create") await link(temporary, file);
    else await rename(temporary, file);
  } finally {
    await handle.close().catch(() => {});
    await rm(temporary, { force: true });
  }
  const folder = await open(path.dirname(file), constants.O_RDONLY);
  await folder.sync().finally(() => folder.close());
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, "0");
}
