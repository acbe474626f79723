import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createLinkIdentity, fingerprintOf } from "../../src/pegasus/certificate.ts";
import { openLinkIdentity } from "../../src/pegasus/identity-store.ts";

const NOW = new Date("2026-11-21T00:00:00Z");
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "pegasus-identity-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a link certificate", () => {
  test("is signed by its own P-256 key, never expires, and its fingerprint is the SHA-256 of its DER", () => {
    const { privateKey, certificate, tlsFingerprint } = createLinkIdentity(NOW);
    const parsed = new X509Certificate(certificate);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(createPrivateKey(privateKey))).toBe(true);
    expect(parsed.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    expect(parsed.validTo).toContain("9999");
    expect(parsed.fingerprint256.replaceAll(":", "").toLowerCase()).toBe(tlsFingerprint);
    expect(fingerprintOf(parsed.raw)).toBe(tlsFingerprint);
  });

  test("is another one each time, also after 2050", () => {
    const late = createLinkIdentity(new Date("2060-01-01T00:00:00Z"));
    expect(new X509Certificate(late.certificate).validFrom).toContain("2059");
    expect(createLinkIdentity(NOW).tlsFingerprint).not.toBe(createLinkIdentity(NOW).tlsFingerprint);
  });
});

describe("the link identity of a host", () => {
  const inFolder = (name: string) => path.join(folder, "state", name);
  const open = () => openLinkIdentity(path.join(folder, "state"), NOW);

  test("is made once, for its owner only, and is the same at the next start", async () => {
    const first = await open();
    expect((await open()).tlsFingerprint).toBe(first.tlsFingerprint);
    expect(statSync(inFolder("pegasus.key")).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(folder, "state")).mode & 0o777).toBe(0o700);
    expect(readdirSync(path.join(folder, "state")).toSorted()).toEqual(["pegasus.crt", "pegasus.key"]);
  });

  test("is made anew when the first start was cut off before the key", async () => {
    const first = await open();
    rmSync(inFolder("pegasus.key"));
    expect((await open()).tlsFingerprint).not.toBe(first.tlsFingerprint);
  });

  test.each<[string, RegExp, () => void]>([
    ["others may read the key", /mode 640.*chmod 600/, () => chmodSync(inFolder("pegasus.key"), 0o640)],
    ["the folder is open to others", /chmod 700/, () => chmodSync(path.join(folder, "state"), 0o755)],
    ["the key is no key", /holds no private key/, () => writeFileSync(inFolder("pegasus.key"), "nonsense")],
    [
      "the certificate is no certificate",
      /holds no certificate/,
      () => writeFileSync(inFolder("pegasus.crt"), "nonsense"),
    ],
    ["the certificate is missing", /is missing/, () => rmSync(inFolder("pegasus.crt"))],
    [
      "the certificate is another's",
      /is not the key of/,
      () => writeFileSync(inFolder("pegasus.crt"), createLinkIdentity(NOW).certificate),
    ],
    [
      "the key is a link",
      /symbolic link/,
      () => {
        renameSync(inFolder("pegasus.key"), path.join(folder, "elsewhere"));
        symlinkSync(path.join(folder, "elsewhere"), inFolder("pegasus.key"));
      },
    ],
  ])("is refused when %s", async (_, reason, change) => {
    await open();
    change();
    await expect(open()).rejects.toThrow(reason);
  });
});
