import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** A project of somebody else's: the built package under node_modules, no ambient types at all. */
describe("core as another project uses it", () => {
  const folder = mkdtempSync(join(tmpdir(), "arctic-consumer-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeAll(() => {
    mkdirSync(join(folder, "node_modules/@arctic"), { recursive: true });
    symlinkSync(resolve("packages/core"), join(folder, "node_modules/@arctic/core"));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.ts"] }));
    writeFileSync(join(folder, "main.ts"), main);
  });

  it("compiles under the strictest settings with the types of ES2023 and no others", () => {
    const tsc = [resolve("node_modules/typescript/bin/tsc"), "-p", folder];
    const { stdout } = spawnSync(process.execPath, tsc, { encoding: "utf8" });
    expect(stdout).toBe("");
  });

  it("runs with nothing but the language", () => {
    const bare = ["-e", `import(${JSON.stringify(join(folder, "main.js"))}).then(({ said }) => console.log(said))`];
    expect(execFileSync(process.execPath, bare, { encoding: "utf8" })).toBe("peer 1 true license_malformed\n");
  });
});

const compilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  isolatedModules: true,
  skipLibCheck: false,
  target: "es2023",
  lib: ["es2023"],
  types: [],
  module: "nodenext",
};

const main = `import { createClusterNode, createId, createIdentity, type Input, issueLicense, type KindDefinition, nobleCrypto, rfc3339FromMs } from "@arctic/core";
import { base64urlFromBytes } from "@arctic/core";
import { checkLicense } from "@arctic/core/verify";

const now = 1_800_000_000_000;
const root = createIdentity(nobleCrypto, now);
const license = issueLicense(nobleCrypto, { keyId: "root", secretKey: root.secretKey }, {
  customer_id: createId("cust", nobleCrypto, now),
  license_id: createId("lic", nobleCrypto, now),
  replaces: [],
  issued_at: rfc3339FromMs(now),
  expires_at: rfc3339FromMs(now + 1_000_000),
  max_nodes: 3,
  max_services: 3,
  features: [],
});
const note: KindDefinition = {
  name: "app.note",
  group: "others",
  lasting: "live",
  isDeletable: true,
  limitPerOwner: 10,
  checkId: () => undefined,
  checkBody: ({ text }) => (typeof text === "string" ? undefined : "text: not a text"),
};
const node = createClusterNode({
  crypto: nobleCrypto,
  identity: createIdentity(nobleCrypto, now),
  roots: [{ key_id: "root", public_key: base64urlFromBytes(root.publicKey) }],
  license,
  bootId: "1",
  stored: { records: [], book: [], flags: {} },
  kinds: [note],
  heartbeatEveryMs: 60_000,
  fresh: { until: now + 1000 },
  startedAt: now,
});
const input: Input = { type: "write", kind: "app.note", id: "1", body: { text: "hello" } };
const { record } = node.handle(input, now);
const refused = checkLicense(nobleCrypto, [], {});
export const said = [
  record?.owner.slice(0, 4),
  node.registry.live("app.note").length,
  record?.id === "1",
  refused.ok ? "accepted" : refused.rejection.code,
].join(" ");
`;
