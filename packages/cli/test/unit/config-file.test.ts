import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type Config,
  hideSecrets,
  type KnownCluster,
  withCluster,
  withoutCluster,
  withPeers,
} from "../../src/config/config.ts";
import { parseConfig, readConfig, writeConfig } from "../../src/config/config-file.ts";
import { pickCluster } from "../../src/config/pick-cluster.ts";
import { failureOf } from "../support/failure-of.ts";

const cluster: KnownCluster = {
  cluster_id: `clu_${"0".repeat(26)}`,
  customer_id: `cust_${"0".repeat(26)}`,
  client_id: `cli_${"0".repeat(26)}`,
  client_secret: `sec_${"A".repeat(43)}`,
  name: "lab",
  peers: [{ peer_id: `peer_${"0".repeat(26)}`, name: "alpha", endpoints: ["a:8080"], tls_fingerprint: "0".repeat(64) }],
};
const config = withCluster({ clusters: {}, preferences: {} }, cluster, "make_current");

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "arctic-config-"));
  path = join(directory, "arctic", "config.yaml");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("what was written is read again, from a file for its owner alone", () => {
  writeConfig(path, config);
  expect(readConfig(path)).toEqual(config);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, "arctic")).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(directory, "arctic"))).toEqual(["config.yaml"]);
});

test("an absent file is an empty configuration", () => {
  expect(readConfig(path)).toEqual({ clusters: {}, preferences: {} });
});

test.each([0o640, 0o604, 0o660])("a file with mode %o is refused with the command that closes it", (mode) => {
  writeConfig(path, config);
  chmodSync(path, mode);
  const failure = failureOf(() => readConfig(path));
  expect(failure.exitCode).toBe(3);
  expect(failure.next).toBe(`Close it with: chmod 600 ${path}`);
});

test("a configuration kept elsewhere behind a link stays there", () => {
  const elsewhere = join(directory, "dotfiles.yaml");
  writeFileSync(elsewhere, "{}\n", { mode: 0o600 });
  const link = join(directory, "link.yaml");
  symlinkSync(elsewhere, link);
  writeConfig(link, config);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readConfig(elsewhere)).toEqual(config);
});

test("a malformed file is refused with the line, and its secrets are not repeated", () => {
  const text = `clusters:\n  x:\n    client_secret: sec_very-secret\n   bad: indent\n`;
  const failure = failureOf(() => parseConfig(text, "c.yaml"));
  expect(failure.exitCode).toBe(3);
  expect(failure.message).toMatch(/^c\.yaml:4:\d+: not valid YAML/);
  expect(failure.message + failure.next).not.toContain("very-secret");
});

test("a wrong field is named with its line and path", () => {
  const failure = failureOf(() => parseConfig("preferences:\n  timeout: 0\n", "c.yaml"));
  expect(failure.message).toMatch(/^c\.yaml:2:12: preferences\.timeout is not 1 to 3600 seconds/);
  expect(failureOf(() => parseConfig("current_cluster: nowhere\n", "c.yaml")).message).toBe(
    "c.yaml:1:18: current_cluster is nowhere, which is not among clusters.",
  );
});

test("fields of newer versions are kept", () => {
  const text = "later: {a: 1}\npreferences: {color: never}\n";
  expect(parseConfig(text, "c")).toMatchObject({ later: { a: 1 }, preferences: { color: "never" } });
});

test("a screen sees no secret", () => {
  expect(JSON.stringify(hideSecrets(config))).not.toContain(cluster.client_secret);
});

test("the current cluster, forgotten, leaves none current", () => {
  const rest: Config = withoutCluster(config, cluster.cluster_id);
  expect(rest).toEqual({ clusters: {}, preferences: {} });
});

test("endpoints that worked stay in front of announced ones, and ended peers go", () => {
  const beta = { peer_id: `peer_${"1".repeat(26)}`, name: "beta", endpoints: ["b:1"], tls_fingerprint: "1".repeat(64) };
  const alpha = {
    peer_id: `peer_${"0".repeat(26)}`,
    name: "alpha-2",
    endpoints: ["z:1"],
    tls_fingerprint: "2".repeat(64),
  };
  expect(withPeers(cluster, [alpha, beta]).peers).toEqual([{ ...alpha, endpoints: ["a:8080", "z:1"] }, beta]);
  expect(withPeers(cluster, [beta]).peers).toEqual([beta]);
});

test("a cluster is found by name or id, and candidates are named", () => {
  expect(pickCluster(config, "lab")).toBe(cluster.cluster_id);
  expect(pickCluster(config, cluster.cluster_id)).toBe(cluster.cluster_id);
  expect(failureOf(() => pickCluster(config, "constructor")).next).toBe(`Candidates: lab (${cluster.cluster_id})`);
});
