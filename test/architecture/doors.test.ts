import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as core from "@arctic/core";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** Source files of a package, by path from the root. */
function sourcesOf(name: string): { readonly path: string; readonly text: string }[] {
  const folder = join("packages", name, "src");
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .map((path) => ({ path, text: codeOf(readFileSync(join(ROOT, path), "utf8")) }));
}

/** Without comments, which may name what the code may not use. */
function codeOf(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}

const using = (name: string, pattern: RegExp) =>
  sourcesOf(name).flatMap(({ path, text }) => (pattern.test(text) ? [path] : []));

describe("one door a power", () => {
  it("core reads no clock, sets no timer, draws no randomness and sees no environment", () => {
    expect(
      using(
        "core",
        /\bDate\.now\b|new Date\(\)|Math\.random|setTimeout|setInterval|\bprocess\.|\bglobalThis\b|crypto\.getRandomValues/,
      ),
    ).toEqual([]);
  });

  it("the agent's clock and timers are in clock.ts", () => {
    expect(using("agent", /\bDate\.now\b|new Date\(\)|\bsetTimeout\(|\bsetInterval\(|performance\.now/)).toEqual([
      "packages/agent/src/clock.ts",
    ]);
  });

  it("the agent's environment is read in config.ts", () => {
    expect(using("agent", /process\.env/)).toEqual(["packages/agent/src/config.ts"]);
  });

  it("processes are started by the data plane's runner alone", () => {
    const starts = ["core", "agent", "dataplane", "cli"].flatMap((name) =>
      using(name, /import (?!type)[^;]*from "(node:)?child_process"/),
    );
    expect(starts).toEqual(["packages/dataplane/src/kernel/runner.ts"]);
  });
});

describe("core's exports", () => {
  it("are these, so that taking one away or adding one is a decision", () => {
    expect(Object.keys(core).sort()).toEqual([
      "LIMITS",
      "base64urlFromBytes",
      "bytesFromBase64url",
      "canonicalJson",
      "checkLicense",
      "checkRecordProof",
      "checkRecordShape",
      "complaintOfLicense",
      "complaintOfLicenseRoot",
      "complaintOfVoucher",
      "countingCredential",
      "createClusterNode",
      "createId",
      "createIdentity",
      "createSharedRecords",
      "cryptoFromNode",
      "isId",
      "isInCidr",
      "isJsonObject",
      "isPeerBody",
      "isServiceBody",
      "isSuccessor",
      "isTombstone",
      "issueLicense",
      "issueRecord",
      "issueVoucher",
      "kindTable",
      "licenseHash",
      "licenseStateAt",
      "mintedAt",
      "msFromRfc3339",
      "nextVersion",
      "nobleCrypto",
      "parseAddress",
      "parseCidr",
      "parseJson",
      "peerIdFromKey",
      "recordKey",
      "rfc3339FromMs",
      "sha256",
      "ulidOf",
      "verifySignature",
      "versionAt",
    ]);
  });
});
