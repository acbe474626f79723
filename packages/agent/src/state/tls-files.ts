import { createTlsIdentity, fingerprintOf, type TlsIdentity } from "../transport/tls.ts";
import { tlsPath } from "./agent-files.ts";
import { readSecretFile, replaceSecretFile } from "./secret-file.ts";

/** The agent's certificate and key from `tls.pem`, made at the first start. `serial` is 16 unpredictable bytes. */
export function loadTlsIdentity(stateDir: string, serial: Uint8Array): TlsIdentity {
  const path = tlsPath(stateDir);
  const stored = readSecretFile(path);
  if (stored === undefined) {
    const made = createTlsIdentity(serial);
    replaceSecretFile(path, `${made.key}\n${made.certificate}`);
    return made;
  }
  const key = /-----BEGIN PRIVATE KEY-----[\s\S]+?-----END PRIVATE KEY-----/.exec(stored)?.[0];
  const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(stored)?.[0];
  if (key === undefined || certificate === undefined) {
    throw new Error(`${path} does not hold a key and a certificate: remove it, and a new one is made`);
  }
  fingerprintOf(certificate);
  return { key, certificate };
}
