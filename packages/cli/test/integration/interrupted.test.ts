import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config-file.ts";
import { type RunningAgent, startAgent } from "../support/agents.ts";
import { launcher, personWith } from "../support/arctic.ts";

const KILLS = 10;

let directory = "";
let agents: RunningAgent[] = [];
const at = (name: string) => join(directory, name);
const { ok } = personWith(() => ({ ARCTIC_CONFIG: at("config.yaml") }));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "arctic-interrupted-"));
  await ok("license", "keygen", "--out", at("root.key"), "--roots", at("roots.json"));
  const limits = ["--max-nodes", "5", "--max-services", "10", "--expires", "365d"];
  await ok("license", "issue", "--key", at("root.key"), ...limits, "--out", at("license.json"));
  agents = await Promise.all(["alpha", "beta"].map((name) => startAgent(at(name), at("roots.json"))));
});
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.stop()));
  rmSync(directory, { recursive: true, force: true });
});

/** Runs the command and sends it a SIGINT once `when` has come. Answers with whether it was interrupted. */
async function interrupted(args: readonly string[], when: (stderr: () => string) => Promise<void>): Promise<boolean> {
  const child = spawn(launcher(directory), args, {
    env: { PATH: process.env.PATH, HOME: directory, ARCTIC_CONFIG: at("config.yaml") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  await Promise.race([when(() => text), ended]);
  child.kill("SIGINT");
  return (await ended) === "SIGINT";
}

test("an apply that Ctrl-C ends in the middle goes on when it is called again", async () => {
  const peers = agents.map(
    ({ address }, index) => `  - {name: ${index === 0 ? "alpha" : "beta"}, address: ${address}}`,
  );
  writeFileSync(
    at("cluster.yaml"),
    `version: v1\nlicense: license.json\npeers:\n${peers.join("\n")}\nservices:\n  - {name: lan, source_peer: alpha, target_peer: beta, routes: [{dest_cidr: 10.0.0.0/8}]}\n`,
  );
  const apply = ["compose", "apply", "-f", at("cluster.yaml"), "--save-config"];
  const isInterrupted = await interrupted(apply, async (stderr) => {
    while (!stderr().includes("✓")) await sleep(1);
  });
  expect(isInterrupted).toBe(true);
  const left = JSON.parse(await ok(...apply, "--json"));
  expect(left.done.length).toBeGreaterThan(0);
  expect(left.done.map((step: { text: string }) => step.text).join()).not.toContain("bootstrap alpha");
  expect(JSON.parse(await ok(...apply, "--json"))).toMatchObject({ changed: false, done: [] });
});

test(`the configuration is whole after each of ${KILLS} interruptions`, async () => {
  for (let kill = 0; kill < KILLS; kill += 1) {
    await interrupted(["config", "set", "name", `name-${kill}`], () => sleep(150 + kill * 60));
    const { clusters } = parseConfig(readFileSync(at("config.yaml"), "utf8"), "config.yaml");
    expect(Object.keys(clusters)).toHaveLength(1);
  }
  expect(await ok("peers", "list")).toContain("beta");
});
