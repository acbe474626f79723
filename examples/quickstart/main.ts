import { type Capability, missingCapabilities } from "./capabilities.ts";
import { tellControlPlaneStory } from "./control-plane.ts";
import { stayUp, tellEnd, tellLogs } from "./ending.ts";
import { type Lock, takeLock } from "./lock.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import type { Result } from "./result.ts";
import { closeRun, openRun, type Run } from "./run.ts";
import { Screen } from "./screen.ts";
import { tellStory } from "./story.ts";

/** `npm start`. Exit codes: 0 every check held, 1 one did not or it could not run, 2 usage, 130 ended before the checks. */
async function main(options: Options): Promise<number> {
  const screen = new Screen(options.json ? process.stderr : process.stdout);
  const lock = await takeLock(options.runDirectory);
  if ("heldBy" in lock) {
    screen.line(`Another quickstart is up (pid ${lock.heldBy}, ${options.runDirectory}): end it with Ctrl-C first.`);
    return 1;
  }
  try {
    return await runOnce(options, screen, lock, endOfRun(screen, lock));
  } finally {
    lock.release();
  }
}

async function runOnce(options: Options, screen: Screen, lock: Lock, end: AbortSignal): Promise<number> {
  const run = await openRun(options.runDirectory, screen, end);
  try {
    const missing = missingForTraffic(options);
    const { checks, arctic } = missing.length === 0 ? await tellStory(run) : await withoutTraffic(run, missing);
    if (end.aborted) return 130;
    const result: Result = {
      run_id: run.id,
      ok: checks.ok,
      mode: missing.length === 0 ? "traffic" : "control-plane",
      missing,
      checks: checks.all,
    };
    await tellEnd(run, checks, arctic);
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    if (options.once && !checks.ok) tellLogs(run, checks);
    if (!options.once && !end.aborted) await stayUp(run, arctic, checks);
    return checks.ok ? 0 : 1;
  } catch (error) {
    if (end.aborted) return 130;
    throw error;
  } finally {
    lock.stopping();
    await screen.step("removed everything", async () => {
      await closeRun(run);
      return undefined;
    });
  }
}

/** Aborted by the first signal, also by an error that nothing caught. Further ones do not disturb the removal. */
function endOfRun(screen: Screen, lock: Lock): AbortSignal {
  const controller = new AbortController();
  const end = (reason: string) => {
    if (controller.signal.aborted) return screen.line("Still removing what was made; this takes a few seconds.");
    lock.stopping();
    screen.line(`\n${reason}: removing what was made.`);
    controller.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(signal));
  process.on("uncaughtException", (error) => {
    process.exitCode = 1;
    end(error.stack ?? error.message);
  });
  return controller.signal;
}

function missingForTraffic({ controlPlane }: Options): string[] {
  if (controlPlane) return ["--control-plane asks for a run without it"];
  const words = missingCapabilities().map(({ capability, reason }) => `${nounOf[capability]}: ${reason}`);
  return process.getuid?.() === 0 ? words : [...new Set(words.map(() => nounOf.root))];
}

const nounOf: Record<Capability, string> = {
  root: "this is not root, which it takes to make network namespaces and to capture traffic in them",
  namespaces: "network namespaces",
  bridge: "bridges",
  tproxy: "transparent proxying",
  tun: "tun devices",
  vxlan: "vxlan devices",
  macvlan: "macvlan devices",
  wireguard: "WireGuard",
  tools: "tools",
};

async function withoutTraffic(run: Run, missing: readonly string[]) {
  run.screen.line("Traffic cannot be shown here. It takes the kernel to capture and to tunnel it, but:");
  for (const words of missing) run.screen.line(`  - ${words}`);
  run.screen.line("So this is the control plane alone: three agents on loopback, without data planes.\n");
  return tellControlPlaneStory(run);
}

let options: Options | "help";
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}`);
  process.exit(2);
}
if (options === "help") process.stdout.write(usage);
else {
  const code = await main(options);
  process.exitCode = process.exitCode === undefined ? code : process.exitCode || code;
}
