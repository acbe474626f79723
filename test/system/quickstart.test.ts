import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allCapabilities } from "../../examples/quickstart/capabilities.ts";
import { readLedger } from "../../examples/quickstart/ledger.ts";
import { removeAll } from "../../examples/quickstart/remove.ts";
import type { Result } from "../../examples/quickstart/result.ts";
import { describeSystem } from "../support/system.ts";

/** The quickstart as a person runs it, from the packages as they are built, in a run directory of the test's own. */
const main = join(import.meta.dirname, "../../examples/quickstart/main.ts");
const limitMs = 150_000;

let folder = "";
const started: { child: ChildProcess; ended: Promise<unknown> }[] = [];

beforeAll(() => {
  folder = mkdtempSync("/tmp/arctic-quickstart-test-");
});
afterAll(async () => {
  for (const { child, ended } of started) {
    child.kill("SIGTERM");
    await Promise.race([ended, sleep(20_000, undefined, { ref: false })]);
    child.kill("SIGKILL");
  }
  // A test that failed may have left a killed run.
  const left = readLedger(join(folder, "run"));
  if (left !== undefined) await removeAll(left, join(folder, "run"));
  rmSync(folder, { recursive: true, force: true });
});

let before: Record<string, string>;

describeSystem("the quickstart's world", allCapabilities, () => {
  let first: { code: number | null; result: Result; told: string };

  beforeAll(async () => {
    before = hostState();
    first = await runToEnd();
  }, limitMs);

  test("every check of it holds, and it exits 0", () => {
    expect(first.result.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(first.result).toMatchObject({ ok: true, mode: "traffic", missing: [] });
    expect(first.code).toBe(0);
  });

  test.each([
    ["download over TCP", "Pegasus", "200 MB"],
    ["download over TCP, IPv6", "Pegasus", "5 MB"],
    ["datagrams over UDP", "Tempest", "100 of 100 answered"],
    ["ICMP echo", "Tempest", "5 of 5 answered"],
    ["ICMP echo, IPv6", "Tempest", "5 of 5 answered"],
    ["download as the client itself", "Pegasus", "5 MB"],
  ])("%s is carried by %s", (name, carriedBy, amount) => {
    expect(checkNamed(first.result, name)).toMatchObject({ ok: true, carried_by: carriedBy, amount });
  });

  test("the client has no way to the server without the cluster", () => {
    expect(checkNamed(first.result, "the client has no way to the server yet").ok).toBe(true);
  });

  test("the counters of entry and exit account for what crossed", () => {
    for (const host of ["alpha", "gamma"]) {
      expect(checkNamed(first.result, `${host}'s own counters account for it`).ok).toBe(true);
    }
  });

  test("nothing of it is left, and the host's own network is as before", () => {
    expectNothingLeftOf(first.result.run_id);
  });

  test(
    "after kill -9 in the middle the next start removes what was left, and every check holds",
    async () => {
      const killed = start(["--once"]);
      await killed.tells("three data planes and three agents");
      killed.child.kill("SIGKILL");
      await killed.ended;
      const killedId = currentRunId();
      expect(namespacesOf(killedId)).toHaveLength(6);

      const next = await runToEnd();
      expect(next.told).toContain("had left behind");
      expect(next.result.checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(next.code).toBe(0);
      expectNothingLeftOf(killedId);
      expectNothingLeftOf(next.result.run_id);
    },
    limitMs,
  );

  test(
    "a signal in the middle, and another while it cleans up, leave nothing",
    async () => {
      const interrupted = start(["--once"]);
      await interrupted.tells("a license authority and a license");
      const runId = currentRunId();
      interrupted.child.kill("SIGINT");
      await interrupted.tells("removing what was made");
      interrupted.child.kill("SIGINT");
      interrupted.child.kill("SIGTERM");
      expect(await interrupted.ended).toBe(130);
      expectNothingLeftOf(runId);
    },
    limitMs,
  );

  test(
    "a second quickstart beside a living one is refused and disturbs nothing",
    async () => {
      const living = start([]);
      await living.tells("a world of six network namespaces");
      const runId = currentRunId();
      const second = start(["--once"]);
      expect(await second.ended).toBe(1);
      expect(second.told()).toContain(`Another quickstart is up (pid ${living.child.pid}`);
      living.child.kill("SIGTERM");
      expect([0, 130]).toContain(await living.ended);
      expectNothingLeftOf(runId);
    },
    limitMs,
  );
});

describe("the quickstart without traffic", () => {
  test(
    "shows three agents on loopback and says what is missing",
    async () => {
      const { code, result, told } = await runToEnd(["--control-plane"]);
      expect(result.checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(result).toMatchObject({
        ok: true,
        mode: "control-plane",
        missing: ["--control-plane asks for a run without it"],
      });
      expect(told).toContain("Traffic cannot be shown here");
      expect(code).toBe(0);
      expect(existsSync(join(folder, "run"))).toBe(false);
    },
    limitMs,
  );

  test("an option that it does not know ends it with 2 and the usage", async () => {
    const mistyped = start(["--onec"]);
    expect(await mistyped.ended).toBe(2);
    expect(mistyped.told()).toContain("npm start -- [--once]");
  });
});

/** What the host has of its own: none of it may change. */
function hostState(): Record<string, string> {
  const said = (...argv: [string, ...string[]]) => execFileSync(argv[0], argv.slice(1), { encoding: "utf8" });
  return {
    tables: said("nft", "list", "tables"),
    rules: said("ip", "rule") + said("ip", "-6", "rule"),
    links: said("ip", "-brief", "link"),
    sockets: String(existsSync("/run/wireguard")),
  };
}

/** Other quickstarts may be up on this host: a run's own namespaces bear its id. */
function namespacesOf(runId: string): string[] {
  const lines = execFileSync("ip", ["netns", "list"], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.startsWith(`arctic-${runId}-`));
}

/** Of the run that is up in the test's run directory. */
function currentRunId(): string {
  return readLedger(join(folder, "run"))?.run_id ?? "none";
}

function expectNothingLeftOf(runId: string): void {
  expect(namespacesOf(runId)).toEqual([]);
  expect(hostState()).toEqual(before);
  expect(existsSync(join(folder, "run"))).toBe(false);
}

function checkNamed(result: Result, name: string): Result["checks"][number] {
  const found = result.checks.find((check) => check.name === name);
  if (found === undefined) throw new Error(`no check is named "${name}"`);
  return found;
}

async function runToEnd(args: string[] = []) {
  const run = start(["--once", "--json", ...args]);
  const code = await run.ended;
  return { code, told: run.told(), result: JSON.parse(run.result()) as Result };
}

function start(args: string[]) {
  const argv = ["--conditions=arctic-source", main, "--run-dir", join(folder, "run"), ...args];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  started.push({ child, ended });
  let out = "";
  let err = "";
  child.stdout.on("data", (part) => {
    out += String(part);
  });
  child.stderr.on("data", (part) => {
    err += String(part);
  });
  return {
    child,
    told: () => `${out}${err}`,
    result: () => out,
    ended,
    tells: async (words: string) => {
      const deadlineAt = Date.now() + 60_000;
      while (!`${out}${err}`.includes(words)) {
        if (child.exitCode !== null || Date.now() > deadlineAt)
          throw new Error(`it did not tell "${words}":\n${out}${err}`);
        await sleep(20);
      }
    },
  };
}
