import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { type RunningAgent, startAgent } from "../support/agents.ts";
import { launcher, personWith } from "../support/arctic.ts";

const COMPLETIONS = fileURLToPath(new URL("../support/completions.bash", import.meta.url));
const TABULATOR = fileURLToPath(new URL("../support/completed.zsh", import.meta.url));

let directory = "";
let agents: RunningAgent[] = [];
const at = (name: string) => join(directory, name);
const { arctic, ok, json } = personWith(() => ({ ARCTIC_CONFIG: at("config.yaml"), XDG_CACHE_HOME: at("cache") }));
const urlOf = (index: number) => `https://${agents[index]?.address}`;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "arctic-credentials-"));
  await ok("license", "keygen", "--out", at("root.key"), "--roots", at("roots.json"));
  const limits = ["--max-nodes", "5", "--max-services", "10", "--expires", "365d"];
  await ok("license", "issue", "--key", at("root.key"), ...limits, "--out", at("license.json"));
  agents = await Promise.all(["alpha", "beta", "gamma"].map((name) => startAgent(at(name), at("roots.json"))));
  const bootstrap = (index: number, name: string, ...more: string[]) =>
    ok("bootstrap", "--url", urlOf(index), "--license-file", at("license.json"), "--name", name, ...more);
  await bootstrap(0, "alpha");
  await bootstrap(1, "beta", "--config", at("beta.yaml"));
  await bootstrap(2, "gamma", "--config", at("gamma.yaml"));
  await ok("peers", "add", agents[1]?.address ?? "", "--name", "beta");
});
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.stop()));
  rmSync(directory, { recursive: true, force: true });
});

const config = () => readFileSync(at("config.yaml"), "utf8");
const secretIn = (text: string) => /client_secret: (\S+)/.exec(text)?.[1] ?? "";

test("a client may do what its scopes say, until it is revoked", async () => {
  const made = await json("credentials", "create", "--scopes", "peers.read,credentials.read");
  const own = config()
    .replace(/client_id: \S+/, `client_id: ${made.client_id}`)
    .replace(secretIn(config()), made.client_secret);
  writeFileSync(at("reader.yaml"), own, { mode: 0o600 });

  const { peers } = await json("peers", "list", "--config", at("reader.yaml"));
  expect(peers).toHaveLength(2);
  const refused = await arctic("services", "create", "--target-peer", "beta", "--config", at("reader.yaml"), "--json");
  expect(refused.code).toBe(5);
  expect(JSON.parse(refused.stderr)).toMatchObject({ code: "FORBIDDEN", next: expect.stringContaining("scope") });

  const unknown = await arctic("credentials", "revoke", "cli_01JD0000000000000000000000", "--yes");
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining(made.client_id)]);
  expect((await arctic("credentials", "revoke", made.client_id)).code).toBe(2);
  await ok("credentials", "revoke", made.client_id, "--yes");
  const over = await arctic("peers", "list", "--config", at("reader.yaml"), "--json");
  expect([over.code, JSON.parse(over.stderr).code]).toEqual([5, "UNAUTHORIZED"]);
  const list = await json("credentials", "list", "--all");
  const seen = list.credentials.find((one: { client_id: string }) => one.client_id === made.client_id);
  expect(seen.revoked_at).toMatch(/^20/);
  expect(JSON.stringify(list)).not.toContain("secret");
});

test("an unknown scope is a wrong line", async () => {
  const { code, stderr } = await arctic("credentials", "create", "--scopes", "peers.reed");
  expect([code, stderr]).toEqual([2, expect.stringContaining("peers.read")]);
});

test("a rotated secret goes into the configuration and nowhere else, and the one before still works", async () => {
  const before = config();
  expect((await arctic("credentials", "rotate", "--update-config")).code).toBe(2);
  const { code, stdout, stderr } = await arctic("credentials", "rotate", "--update-config", "--yes");
  expect(code).toBe(0);
  const secret = secretIn(config());
  expect(secret).not.toBe(secretIn(before));
  expect(stdout + stderr).not.toContain(secret);
  expect(statSync(at("config.yaml")).mode & 0o777).toBe(0o600);
  writeFileSync(at("before.yaml"), before, { mode: 0o600 });
  await ok("peers", "list", "--url", urlOf(1));
  await ok("peers", "list", "--config", at("before.yaml"));
  const shown = await json("credentials", "rotate", "--yes");
  expect(shown.client_secret).toMatch(/^sec_/);
});

test("a successor of the license is put in on one peer and holds on both", async () => {
  const renew = ["--license", at("license.json"), "--expires", "500d", "--max-nodes", "9"];
  await ok("license", "renew", "--key", at("root.key"), ...renew, "--out", at("license-2.json"));
  expect((await json("license", "update", at("license-2.json"))).license.max_nodes).toBe(9);
  await expect
    .poll(async () => (await json("license", "status", "--url", urlOf(1))).max_nodes, { timeout: 15_000 })
    .toBe(9);
  const older = await arctic("license", "update", at("license.json"));
  expect(older.code).toBe(1);
});

test("a peer that is alone begins anew, and one that is not is refused", async () => {
  const gamma = ["--config", at("gamma.yaml")];
  const held = await json("cluster", "init", ...gamma);
  expect(held).not.toHaveProperty("client_secret");
  const anew = await json("cluster", "init", "--force", "--yes", ...gamma);
  expect(anew.cluster_id).not.toBe(held.cluster_id);
  expect(JSON.stringify(anew)).not.toContain("sec_");
  expect((await json("peers", "list", ...gamma)).peers).toHaveLength(1);
  expect((await json("config", "list", ...gamma)).clusters).toMatchObject([{ cluster_id: anew.cluster_id }]);
  const refused = await arctic("cluster", "init", "--force", "--yes", "--json");
  expect([refused.code, JSON.parse(refused.stderr).code]).toEqual([1, "CONFLICT"]);
});

test("a peer that is alone is opened for another hour, one that is not is refused", async () => {
  const { fresh_until } = await json("bootstrap", "--reopen", "--config", at("gamma.yaml"));
  expect(Math.abs(Date.parse(fresh_until) - Date.now() - 3_600_000)).toBeLessThan(60_000);
  const open = await arctic("bootstrap", "--reopen", "--config", at("gamma.yaml"));
  expect([open.stdout, open.stderr]).toEqual([
    expect.stringContaining("accepts a first contact until"),
    expect.stringContaining("any holder of a license"),
  ]);
  const refused = await arctic("bootstrap", "--reopen", "--json");
  expect([refused.code, JSON.parse(refused.stderr).code]).toEqual([1, "CONFLICT"]);
});

describe("completion, from the cache", () => {
  beforeAll(async () => {
    await ok("services", "create", "--target-peer", "beta", "--name", "branch lan");
    await ok("cache", "refresh");
    for (const shell of ["bash", "zsh", "fish"]) writeFileSync(at(`script.${shell}`), await ok("autocomplete", shell));
    launcher(directory);
  });

  test("the cache is fresh, and says what it holds", async () => {
    expect((await json("cache", "status")).caches).toMatchObject([{ stale: false, peers: 2, services: 1 }]);
  });

  test("bash completes names of peers and services, values and files", async () => {
    const bash = (line: string) => completed("bash", COMPLETIONS, at("script.bash"), line, at("arctic"));
    expect(await bash("peers get ")).toEqual(["alpha", "beta"]);
    expect(await bash("peers get b")).toEqual(["beta"]);
    expect(await bash("services get b")).toEqual(["branch\\ lan"]);
    expect(await bash("peers list --output=j")).toEqual(["json"]);
    expect(await bash("license verify license-")).toEqual(["license-2.json"]);
  });

  describeWhere(missing("zsh"), "in zsh", () => {
    test("the tabulator key completes them", async () => {
      const zsh = (line: string) => completed("zsh", TABULATOR, at("script.zsh"), line);
      expect(await zsh("peers get b")).toEqual(["arctic peers get beta"]);
      expect(await zsh("services get b")).toEqual(["arctic services get branch\\ lan"]);
      expect(await zsh("peers list --output=j")).toEqual(["arctic peers list --output=json"]);
      expect(await zsh("license verify license-")).toEqual(["arctic license verify license-2.json"]);
    });
  });

  describeWhere(missing("fish"), "in fish", () => {
    test("what it offers are they", async () => {
      const offer = `source ${at("script.fish")}; complete -C $argv[1]`;
      const fish = (line: string) => completed("fish", "--no-config", "-c", offer, `arctic ${line}`);
      expect(await fish("peers get ")).toEqual([expect.stringMatching(/^alpha\b/), expect.stringMatching(/^beta\b/)]);
      expect(await fish("services get b")).toEqual([expect.stringMatching(/^branch lan\b/)]);
      expect(await fish("peers list --output=j")).toEqual([expect.stringMatching(/json\b/)]);
      expect(await fish("license verify license-")).toEqual([expect.stringMatching(/^license-2\.json\b/)]);
    });
  });
});

/** What a real shell answers, with the command under its name on the path. */
async function completed(shell: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(shell, args, {
    cwd: directory,
    env: {
      PATH: `${directory}:${process.env.PATH}`,
      HOME: directory,
      ARCTIC_CONFIG: at("config.yaml"),
      XDG_CACHE_HOME: at("cache"),
    },
    timeout: 30_000,
  });
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.trimEnd());
}

function missing(shell: string): string | undefined {
  return spawnSync(shell, ["--version"]).status === 0 ? undefined : `there is no ${shell}: apt-get install ${shell}`;
}

test("whom a revoked peer brought in and what it made goes with it where that is asked", async () => {
  const { peer_id } = (await json("cluster", "identity", "--url", urlOf(1))) as { peer_id: string };
  const made = await json("credentials", "create", "--peer", "beta", "--scopes", "peers.read");
  expect((await arctic("peers", "delete", "beta", "--credentials")).code).toBe(2);
  const deleted = await json("peers", "delete", "beta", "--introduced", "--credentials", "--yes");
  expect(deleted).toMatchObject({ deleted: peer_id, introduced: [] });
  const fate = deleted.credentials.find((one: { client_id: string }) => one.client_id === made.client_id);
  expect(fate).toMatchObject({ fate: "revoked" });
});
