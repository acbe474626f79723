import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningAgent, startAgent } from "../support/agents.ts";
import { personWith, runArctic } from "../support/arctic.ts";

let directory = "";
let agents: RunningAgent[] = [];
const at = (name: string) => join(directory, name);
const { arctic, ok, json } = personWith(() => ({ ARCTIC_CONFIG: at("config.yaml") }));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "arctic-cluster-"));
  await ok("license", "keygen", "--out", at("root.key"), "--roots", at("roots.json"));
  const limits = ["--max-nodes", "5", "--max-services", "10", "--expires", "365d"];
  await ok("license", "issue", "--key", at("root.key"), ...limits, "--out", at("license.json"));
  const starting = ["alpha", "beta", "gamma"].map((name) => startAgent(at(name), at("roots.json")));
  const started = await Promise.allSettled(starting);
  agents = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = started.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  writeFileSync(at("cluster.yaml"), composeText());
});
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.stop()));
  rmSync(directory, { recursive: true, force: true });
});

/** The command with a configuration of this test's own. */
function composeText(): string {
  const [alpha, beta, gamma] = agents.map((agent) => agent.address);
  return `version: v1
license: license.json
peers:
  - {name: alpha, address: ${alpha}}
  - {name: beta, address: ${beta}}
  - {name: gamma, address: ${gamma}}
services:
  - name: lan
    source_peer: alpha
    target_peer: gamma
    routes: [{dest_cidr: 10.71.3.0/24}]
  - name: web
    source_peer: beta
    target_peer: alpha
    fully_transparent: true
    interface: {enabled: true, ipv4: 10.71.1.50/24}
`;
}

const types = (applied: { done: { type: string }[] }) => applied.done.map((step) => step.type);

describe("three real agents on loopback", () => {
  test("nothing is bootstrapped while the secret would have nowhere to go", async () => {
    const { code, stderr } = await arctic("compose", "apply", "-f", at("cluster.yaml"));
    expect(code).toBe(2);
    expect(stderr).toContain("Nothing was done");
    expect((await arctic("compose", "diff", "-f", at("cluster.yaml"))).code).toBe(2);
    expect((await arctic("cluster", "identity", "--url", `https://${agents[0]?.address}`)).code).toBe(1);
  });

  test("a file with one host founds a cluster, and its secret is saved for its owner alone", async () => {
    // Also the state that an apply of the whole file leaves when it ends after the first bootstrap.
    writeFileSync(at("one.yaml"), composeText().split("  - {name: beta")[0] ?? "");
    const applied = await json("compose", "apply", "-f", at("one.yaml"), "--credentials-file", at("credentials.json"));
    expect(types(applied)).toEqual(["bootstrap"]);
    expect(statSync(at("credentials.json")).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(at("credentials.json"), "utf8")).current_cluster).toBe(applied.cluster_id);
  });

  test("an apply goes on from there, and the whole cluster stands", async () => {
    const flags = ["-f", at("cluster.yaml"), "--credentials-file", at("credentials.json"), "--save-config"];
    const applied = await json("compose", "apply", ...flags);
    expect(types(applied)).toEqual(["bootstrap", "bootstrap", "add", "add", "create_service", "create_service"]);
    expect(applied.failed).toEqual([]);
    const { clusters } = JSON.parse(readFileSync(at("credentials.json"), "utf8"));
    expect(Object.keys(clusters)).toEqual([applied.cluster_id]);
    expect(clusters[applied.cluster_id].peers).toHaveLength(3);
  });

  test("applied again it does nothing, and the cluster does not differ", async () => {
    expect(await json("compose", "apply", "-f", at("cluster.yaml"))).toMatchObject({
      changed: false,
      done: [],
      failed: [],
    });
    expect((await arctic("compose", "diff", "-f", at("cluster.yaml"), "--prune")).code).toBe(0);
  });

  test("what is exported, applied, changes nothing", async () => {
    writeFileSync(at("exported.yaml"), await ok("compose", "export"));
    expect((await arctic("compose", "diff", "-f", at("exported.yaml"), "--prune")).code).toBe(0);
    await ok("compose", "fmt", "-f", at("exported.yaml"), "--check");
  });

  test("every peer gives the same answer, by its own endpoint and relayed", async () => {
    const names = async (...flags: string[]) =>
      (await json("services", "list", ...flags)).services.map((service: { name: string }) => service.name).sort();
    const config = JSON.parse(readFileSync(at("credentials.json"), "utf8"));
    expect(Object.keys(config.clusters)).toHaveLength(1);
    for (const { address } of agents) expect(await names("--url", `https://${address}`)).toEqual(["lan", "web"]);
    expect(await names("--peer", "gamma")).toEqual(["lan", "web"]);
    const { peers } = await json("peers", "list", "--peer", "gamma");
    expect(peers.find((peer: { is_local: boolean }) => peer.is_local).name).toBe("gamma");
  });

  test("services and routes are made, changed and deleted by name", async () => {
    await ok("services", "create", "--source-peer", "gamma", "--target-peer", "beta", "--name", "extra");
    await ok("routes", "add", "--service", "extra", "--dest-cidr", "10.80.0.0/16", "--priority", "4");
    await ok("routes", "update", "--service", "extra", "--route", "1", "--source-cidr", "10.1.0.0/16");
    expect(await json("routes", "list", "--service", "extra")).toEqual({
      routes: [{ route_id: 1, priority: 4, source_cidr: "10.1.0.0/16", dest_cidr: "10.80.0.0/16" }],
    });
    expect(await json("services", "update", "extra", "--bandwidth-limit", "20")).toMatchObject({
      bandwidth_limit_mbps: 20,
    });
    await ok("routes", "delete", "--service", "extra", "--route", "1", "--yes");
    const refused = await arctic("services", "delete", "extra");
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
  });

  test("a service that the file does not name goes only with --prune and a yes", async () => {
    await ok("compose", "apply", "-f", at("cluster.yaml"));
    expect((await arctic("compose", "apply", "-f", at("cluster.yaml"), "--prune")).code).toBe(2);
    expect((await json("services", "list")).services).toHaveLength(3);
    await ok("compose", "apply", "-f", at("cluster.yaml"), "--prune", "--yes");
    expect((await json("services", "list")).services).toHaveLength(2);
  });

  test("a changed file changes the cluster, and a moved service is made anew", async () => {
    const moved = composeText()
      .replace("target_peer: gamma", "target_peer: beta")
      .replace("source_peer: beta", "source_peer: gamma");
    writeFileSync(at("moved.yaml"), moved);
    const dry = await json("compose", "apply", "-f", at("moved.yaml"), "--dry-run");
    const applied = await json("compose", "apply", "-f", at("moved.yaml"));
    expect(types(applied)).toEqual(["update_service", "delete_service", "create_service"]);
    expect(dry.steps.map((step: { text: string }) => step.text)).toEqual(
      applied.done.map((step: { text: string }) => step.text),
    );
    expect((await arctic("compose", "diff", "-f", at("moved.yaml"))).code).toBe(0);
  });

  test("status, license and health are told", async () => {
    expect((await json("cluster", "status")).totals).toMatchObject({ members: 3, services: 2 });
    expect(await ok("cluster", "status")).toContain("3 of 5");
    expect(await json("license", "status")).toMatchObject({ state: "valid", max_nodes: 5 });
    expect((await arctic("health", "--readyz")).code).toBe(0);
    await ok("cluster", "sync");
  });

  test("an unknown name lists candidates", async () => {
    const { code, stderr } = await arctic("peers", "get", "delta");
    expect(code).toBe(1);
    for (const name of ["alpha", "beta", "gamma"]) expect(stderr).toContain(name);
  });

  test("another certificate than the known ones gets no secret", async () => {
    const { code, stderr } = await arctic("peers", "list", "--tls-fingerprint", "0".repeat(64));
    expect(code).toBe(4);
    expect(stderr).toContain("Something may stand between");
    expect(stderr).toContain("nothing was sent");
    const unknown = await runArctic(["peers", "list", "--url", `https://${agents[0]?.address}`], {
      ARCTIC_CONFIG: at("none.yaml"),
      ARCTIC_TOKEN: "not-a-real-token",
    });
    expect(unknown.code).toBe(3);
    expect(unknown.stderr).toContain("is not known here; nothing was sent");
  });

  test("a host that is down stops an apply, or is left out when that is allowed", async () => {
    const file = composeText().replace("services:", "  - {name: delta, address: 127.0.0.1:1}\nservices:");
    writeFileSync(at("four.yaml"), file.replace("target_peer: gamma", "target_peer: delta"));
    const stopped = await arctic("compose", "apply", "-f", at("four.yaml"), "--json");
    expect(stopped.code).toBe(4);
    expect(JSON.parse(stopped.stderr)).toMatchObject({ code: "PEER_UNREACHABLE", details: [{ peer: "delta" }] });
    const partly = await arctic("compose", "apply", "-f", at("four.yaml"), "--ignore-unreachable", "--json");
    expect(partly.code).toBe(6);
    expect(JSON.parse(partly.stdout).failed.map((failure: { text: string }) => failure.text)).toContain("peer delta");
  });

  test("a deleted peer is gone everywhere", async () => {
    await ok("peers", "delete", "gamma", "--yes");
    const { peers } = await json("peers", "list", "--url", `https://${agents[1]?.address}`);
    expect(peers.map((peer: { name: string }) => peer.name).sort()).toEqual(["alpha", "beta"]);
  });

  test("no secret came into a log", () => {
    const config = JSON.parse(readFileSync(at("credentials.json"), "utf8"));
    for (const { client_secret } of Object.values(config.clusters) as { client_secret: string }[]) {
      for (const name of ["alpha", "beta", "gamma"]) {
        const log = readFileSync(join(at(name), "agent.log"), "utf8");
        expect(log.length).toBeGreaterThan(0);
        expect(log).not.toContain(client_secret);
      }
    }
  });
});
