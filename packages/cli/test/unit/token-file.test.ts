import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { KnownCluster } from "../../src/config/config.ts";
import { forgetToken, tokenFile } from "../../src/session/token-file.ts";

const cluster: KnownCluster = {
  cluster_id: `clu_${"0".repeat(26)}`,
  customer_id: `cust_${"0".repeat(26)}`,
  client_id: `cli_${"0".repeat(26)}`,
  client_secret: `sec_${"A".repeat(43)}`,
  peers: [],
};
const kept = {
  value: { access_token: "not-a-real-token", token_type: "Bearer" as const, expires_in: 3600, scope: "admin" },
  renewAt: 1,
};

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "arctic-token-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("a token is kept for its owner alone, and is there for the next command", () => {
  tokenFile(directory, cluster).keep(kept);
  const [name = ""] = readdirSync(directory);
  expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  expect(tokenFile(directory, cluster).read()).toMatchObject(kept);
});

test("neither a token of another secret nor one that others may read is used", () => {
  tokenFile(directory, cluster).keep(kept);
  expect(tokenFile(directory, { ...cluster, client_secret: `sec_${"B".repeat(43)}` }).read()).toBeUndefined();
  chmodSync(join(directory, readdirSync(directory)[0] ?? ""), 0o644);
  expect(tokenFile(directory, cluster).read()).toBeUndefined();
});

test("a broken file and a directory that cannot be written are as if there were none", () => {
  writeFileSync(join(directory, `token-${cluster.cluster_id}.json`), "{", { mode: 0o600 });
  expect(tokenFile(directory, cluster).read()).toBeUndefined();
  const nowhere = tokenFile(join(directory, `token-${cluster.cluster_id}.json`), cluster);
  nowhere.keep(kept);
  expect(nowhere.read()).toBeUndefined();
});

test("it goes with its cluster", () => {
  tokenFile(directory, cluster).keep(kept);
  forgetToken(directory, cluster.cluster_id);
  expect(readdirSync(directory)).toEqual([]);
});
