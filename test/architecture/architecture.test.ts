import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { cruise, type ICruiseOptions, type ICruiseResult } from "dependency-cruiser";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const rules = createRequire(import.meta.url)("../../.dependency-cruiser.cjs") as {
  readonly forbidden: readonly { readonly name: string; readonly comment?: string }[];
  readonly options: ICruiseOptions;
};

describe("the arrows between the rooms", () => {
  it("hold in every source file", async () => {
    const options = {
      ...rules.options,
      baseDir: ROOT,
      validate: true,
      ruleSet: { forbidden: [...rules.forbidden] },
    } as ICruiseOptions;
    const { output } = await cruise(["packages"], options, undefined, {
      tsConfig: extractTSConfig(join(ROOT, "tsconfig.json")),
    });
    const { summary } = output as ICruiseResult;
    expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
    expect(summary.totalCruised).toBeGreaterThan(100);
  });

  it("each say why, so that a broken build explains itself", () => {
    expect(rules.forbidden.filter(({ comment }) => comment === undefined || comment.length < 20)).toEqual([]);
  });
});

describe("the rooms of core", () => {
  const order = ["encoding", "crypto", "identity", "license", "registry", "kinds", "trust", "gossip", "node"];
  const base = ["result", "time", "limits", "shown-limits", "rejection", "group-by", "median", "index", "verify"];

  it("are these, and beside them a few files that stand left of all", () => {
    const entries = readdirSync(join(ROOT, "packages/core/src")).map((name) => name.replace(/\.ts$/, ""));
    expect(entries.sort()).toEqual([...order, ...base].sort());
  });

  it("the files that stand left of all import no room", () => {
    for (const name of base.filter((one) => one !== "index" && one !== "verify"))
      expect(readFileSync(join(ROOT, `packages/core/src/${name}.ts`), "utf8")).not.toMatch(/from "\.\/[a-z-]+\//);
  });

  it("let noble in by one room", () => {
    expect(filesUsing("core", /@noble\//).every((path) => path.startsWith("packages/core/src/crypto/"))).toBe(true);
  });

  it("have no other dependency than noble", () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, "packages/core/package.json"), "utf8")) as {
      dependencies: object;
    };
    expect(Object.keys(dependencies).sort()).toEqual(["@noble/ed25519", "@noble/hashes"]);
  });

  it("export by a written-out list, types too", () => {
    const index = readFileSync(join(ROOT, "packages/core/src/index.ts"), "utf8");
    expect(index).not.toMatch(/export \*/);
    const types = [...index.matchAll(/export (type )?\{([^}]*)\}/g)].flatMap(([, isTypes, names = ""]) =>
      names
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "" && (isTypes !== undefined || name.startsWith("type ")))
        .map((name) => name.replace(/^type /, "")),
    );
    expect(types.sort()).toEqual(TYPES);
  });
});

describe("one door a power, in the other packages", () => {
  it("sockets are opened by the transports, the API's server and client, Pegasus, the control socket and WireGuard's", () => {
    const doors =
      /^packages\/(agent\/src\/(transport\/|api\/server\.ts|api\/client\/opening\.ts)|dataplane\/src\/(pegasus\/|control-|tempest\/uapi\.ts))/;
    const opening =
      /import \{[^}]*\b(connect|createConnection|createServer|createSocket|Server|Socket)\b[^}]*\} from "node:(net|tls|dgram)"/;
    const opened = PACKAGES.flatMap((name) => filesUsing(name, opening));
    expect(opened.filter((path) => !doors.test(path))).toEqual([]);
  });

  it("the environment is read in one file of the agent, and in none of core", () => {
    expect(filesUsing("core", /process\.env/)).toEqual([]);
    expect(filesUsing("agent", /process\.env/)).toEqual(["packages/agent/src/config.ts"]);
  });

  it("the environment is read in one file of the data plane and one of the command", () => {
    expect(filesUsing("dataplane", /process\.env/)).toEqual(["packages/dataplane/src/main.ts"]);
    expect(filesUsing("cli", /process\.env/)).toEqual(["packages/cli/src/environment.ts"]);
  });

  it("nobody draws randomness from Math where it must not be guessed", () => {
    expect(["core", "agent", "cli"].flatMap((name) => filesUsing(name, /Math\.random/))).toEqual([]);
  });
});

const PACKAGES = ["core", "agent", "dataplane", "cli"];

/** Source files of a package that match outside of their comments, by path from the root. */
function filesUsing(name: string, pattern: RegExp): string[] {
  const folder = join(ROOT, "packages", name, "src");
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => pattern.test(readFileSync(path, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")))
    .map((path) => path.slice(ROOT.length + 1));
}

const TYPES = [
  "AcceptedSecret",
  "Address",
  "CallId",
  "Cidr",
  "ClientId",
  "ClusterId",
  "ClusterNode",
  "ClusterView",
  "CredentialBody",
  "Crypto",
  "CustomerId",
  "DialId",
  "DigestGroup",
  "Effect",
  "Equivocation",
  "Identity",
  "Input",
  "JsonObject",
  "JsonValue",
  "KindDefinition",
  "License",
  "LicenseId",
  "LicenseProgress",
  "LicenseRoot",
  "LicenseState",
  "LicenseTerms",
  "LinkId",
  "LiveRecord",
  "Millis",
  "NodeCrypto",
  "NodeCryptoModule",
  "NodeFlags",
  "NodeOptions",
  "Notice",
  "PeerBody",
  "PeerBookEntry",
  "PeerId",
  "PeerView",
  "PeersView",
  "RecordKey",
  "RegistryHashes",
  "RegistryView",
  "Rejection",
  "RejectionCode",
  "Result",
  "RotationId",
  "Secret",
  "SecretName",
  "ServiceBody",
  "ServiceId",
  "SharedRecords",
  "SignatureCheck",
  "SignedRecord",
  "Step",
  "Tombstone",
  "Voucher",
];
