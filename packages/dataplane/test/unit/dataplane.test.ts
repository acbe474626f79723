import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Dataplane, type DataplaneOptions, startDataplane } from "../../src/dataplane.ts";
import { ALWAYS_CHANGED } from "../../src/kernel/change-watch.ts";
import { createMemoryRunner, type MemoryRunner } from "../../src/kernel/memory-runner.ts";
import { NO_MERGING } from "../../src/kernel/merging.ts";
import { NO_GENERATION } from "../../src/kernel/nft-generation.ts";
import { memorySysctls } from "../../src/kernel/sysctl.ts";
import { createLog } from "../../src/log.ts";
import type { PegasusPlan, StartPegasus } from "../../src/pegasus/pegasus.ts";
import { networkPlanSchema } from "../../src/plan.ts";
import { openStateDir } from "../../src/state-dir.ts";
import { CONFIG, onLan, plan, ROUTED, routed } from "./support/example.ts";

/** A host without WireGuard, and whose kernel takes everything and shows nothing. */
function blindHost(): MemoryRunner {
  return createMemoryRunner((argv) => {
    if (argv.includes("wireguard")) return { code: 2, stderr: "Error: Unknown device type." };
    if (argv[0] === "wireguard-go") return undefined;
    if (argv[0] === "nft" && argv[1] === "-j") return { code: 1, stderr: "Error: No such file or directory" };
    return argv[0] === "ip" && argv.includes("-j") ? { stdout: "[]" } : {};
  });
}

let folder: string;
let dataplane: Dataplane | undefined;
const taken: PegasusPlan[] = [];

const startPegasus: StartPegasus = async () => ({
  tlsFingerprint: "ab".repeat(32),
  relayEngine: "none",
  apply: async (given) => {
    taken.push(given);
  },
  counters: async () => ({ services: [], links: [] }),
  takeUse: () => [],
  setRate: () => {},
  stop: async () => {},
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "arctic-dataplane-unit-"));
  taken.length = 0;
});

afterEach(async () => {
  await dataplane?.stop(false);
  await rm(folder, { recursive: true, force: true });
});

async function start(runner: MemoryRunner, more: Partial<DataplaneOptions> = {}): Promise<Dataplane> {
  dataplane = await startDataplane({
    version: "0.0.0",
    state: await openStateDir(join(folder, "state")),
    runner,
    generation: NO_GENERATION,
    changeWatch: ALWAYS_CHANGED,
    classUse: { read: () => new Map() },
    sysctls: memorySysctls({}),
    merging: NO_MERGING,
    startPegasus,
    log: createLog({ format: "json", level: "error", write: () => {} }),
    host: CONFIG,
    pegasusPort: 61_000,
    workers: 1,
    reconcileEveryMs: 60_000,
    agentSilenceLimitMs: 60_000,
    tunnelKeyLifetimeMs: undefined,
    tunnelKeyOverlapMs: 60_000,
    ...more,
  });
  return dataplane;
}

test("what refuses is in the kernel before Pegasus is started, from the plan of the last run", async () => {
  const state = await openStateDir(join(folder, "state"));
  await state.write("plan.json", plan([routed("entry")]));
  const runner = blindHost();
  let commandsBefore = 0;
  await start(runner, {
    startPegasus: async (options) => {
      commandsBefore = runner.recorded.filter(({ stdin }) => stdin.includes("table inet arctic {")).length;
      return startPegasus(options);
    },
  });
  expect(commandsBefore).toBe(1);
  expect(taken.map(({ services }) => services.length)).toEqual([1]);
});

test("a plan is on disk before the kernel has it, and Pegasus listens before flows are led to it", async () => {
  const runner = blindHost();
  const running = await start(runner);
  const before = runner.recorded.length;
  const observation = await running.apply(plan([routed("entry")]));
  const state = await openStateDir(join(folder, "state"));
  expect(await state.read("plan.json", networkPlanSchema)).toEqual(plan([routed("entry")]));
  expect(runner.recorded.length).toBeGreaterThan(before);
  expect(taken.at(-1)?.services[0]).toMatchObject({
    serviceId: plan([routed("entry")]).services[0]?.service_id,
    limitBps: 10_000_000,
  });
  expect(observation.services[0]?.state).toBe("inactive");
});

test("a plan that the disk does not take changes nothing: the kernel is not written, and Pegasus gets the one before", async () => {
  const runner = blindHost();
  const state = await openStateDir(join(folder, "state"));
  let isFull = false;
  const write: typeof state.write = async (name, value) => {
    if (isFull && name === "plan.json") throw new Error("ENOSPC: no space left on device");
    await state.write(name, value);
  };
  const running = await start(runner, { state: { ...state, write } });
  await running.apply(plan([routed("entry")]));
  const written = () => runner.recorded.filter(({ argv }) => argv[1] === "-f").length;
  const before = written();
  isFull = true;
  await expect(running.apply(plan([routed("entry"), onLan("entry")]))).rejects.toThrow("ENOSPC");
  expect(written()).toBe(before);
  expect(taken.at(-1)?.services.map(({ serviceId }) => serviceId)).toEqual([ROUTED]);
  expect((await running.observe()).services.map(({ service_id }) => service_id)).toEqual([ROUTED]);
  isFull = false;
  expect((await running.apply(plan([routed("entry"), onLan("entry")]))).services).toHaveLength(2);
});

test("the keys' public halves are told, and none of the secret ones is logged or handed to a program", async () => {
  const runner = blindHost();
  const { identity } = await start(runner);
  expect(identity.tunnel.public_key).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(identity.tunnel_backend).toBe("none");
});

test("a second start keeps the tunnel key", async () => {
  const first = (await start(blindHost())).identity.tunnel.public_key;
  await dataplane?.stop(false);
  expect((await start(blindHost())).identity.tunnel.public_key).toBe(first);
});

test("applies run one after the other", async () => {
  const running = await start(blindHost());
  const plans = [plan([routed("entry")]), plan([]), plan([routed("entry")])];
  await Promise.all(plans.map((one) => running.apply(one)));
  expect(taken.map(({ services }) => services.length)).toEqual([0, 1, 0, 1]);
});

test("an agent that falls silent has its services refused, and carried again once it is heard", async () => {
  const running = await start(blindHost(), { reconcileEveryMs: 20, agentSilenceLimitMs: 100 });
  await running.apply(plan([routed("entry")]));
  const until = async (isRefused: boolean): Promise<void> => {
    const endsAt = performance.now() + 5_000;
    while ((taken.at(-1)?.services[0]?.refuse !== undefined) !== isRefused) {
      if (performance.now() > endsAt) throw new Error("it did not change");
      if (!isRefused) running.heard();
      await sleep(10);
    }
  };
  await until(true);
  expect(taken.at(-1)?.services[0]?.refuse).toContain("start arctic-agent");
  await until(false);
});

test("a Pegasus that refuses the plan is said to", async () => {
  const failing: StartPegasus = async (options) => ({
    ...(await startPegasus(options)),
    apply: async () => Promise.reject(new Error("no worker")),
  });
  const running = await start(blindHost(), { startPegasus: failing });
  const { services } = await running.apply(plan([routed("entry")]));
  expect(services[0]?.reason).toContain("the nftables table");
  expect(services[0]?.state).toBe("inactive");
});
