import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { namespaceNamed, pidsOf, residentMb } from "./dataplane/load.ts";
import { arcticCourse, type Course, ECHO_PORT, NODE, program, withCourses } from "./dataplane/worlds.ts";
import { limited, median, type Row, report } from "./support/report.ts";

/** Minutes of mixed load (bulk both ways, new connections, idle flows, UDP): what the data plane holds must not grow. */

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" }, json: { type: "boolean" } } });
const SERVER = "10.71.3.2";
const STREAM = fileURLToPath(new URL("../packages/dataplane/test/system/support/stream.ts", import.meta.url));
const EVERY_MS = 5_000;
/** Of the last third's middle over that of the third before: what a heap does by itself within minutes. */
const GROWTH_AT_MOST = 1.05;

/** By what they are; each resident page counts for every process that has it. */
const PROCESSES = {
  "Pegasus workers": /pegasus-worker/,
  "data planes": /dataplane\/dist\/main/,
  "WireGuard processes": /^wireguard-go/,
} as const;
type Process = keyof typeof PROCESSES;
const NAMES = Object.keys(PROCESSES) as Process[];

await withCourses(async (open) => {
  const { world } = await open(arcticCourse(1));
  const endsAt = performance.now() + Number(values.minutes) * 60_000;
  const samples: Record<Process, number>[] = [];
  await world.start("server", ...NODE, STREAM, "serve").waitFor(/listening/);
  world.start("client", ...NODE, program("traffic"), "idle", SERVER, String(ECHO_PORT), "500");
  const client = (...argv: string[]) => world.inside("client", ...argv);
  const traffic = (role: string, amount: string) =>
    client(...NODE, program("traffic"), role, SERVER, String(ECHO_PORT), amount);
  const rounds = [
    () => client("iperf3", "-c", SERVER, "-t", "5", "-J"),
    () => client("iperf3", "-c", SERVER, "-t", "5", "-R", "-P", "4", "-J"),
    () => traffic("connections", "5"),
    () => client(...NODE, STREAM, "measure", SERVER, "up", "5", "2", "40"),
    () => traffic("latency", "3000"),
  ];
  let failed = 0;
  const load = (async () => {
    for (let at = 0; performance.now() < endsAt; at += 1)
      await rounds[at % rounds.length]?.().catch((error: unknown) => {
        failed += 1;
        process.stderr.write(`${String(error).slice(0, 300)}\n`);
      });
  })();
  while (performance.now() < endsAt) {
    await sleep(EVERY_MS);
    samples.push(held(world));
    process.stderr.write(`${JSON.stringify(samples.at(-1))}\n`);
  }
  await load;
  report([...NAMES.map((name) => growth(name, samples)), limited("rounds that failed", "", failed, 0.5)]);
});

function held(world: Course["world"]): Record<Process, number> {
  const pids = (pattern: RegExp) =>
    (["a", "b"] as const).flatMap((host) => pidsOf(namespaceNamed(world.name(host)), pattern));
  const of = (name: Process): number => Math.round(residentMb(pids(PROCESSES[name])));
  return {
    "Pegasus workers": of("Pegasus workers"),
    "data planes": of("data planes"),
    "WireGuard processes": of("WireGuard processes"),
  };
}

function growth(name: Process, samples: readonly Record<Process, number>[]): Row {
  const third = Math.floor(samples.length / 3);
  const middle = (from: number, to: number): number => median(samples.slice(from, to).map((one) => one[name]));
  const [before, last] = [middle(third, 2 * third), middle(2 * third, samples.length)];
  return limited(
    `${name}: ${before} MB in the second third, ${last} MB in the last, growth`,
    "x",
    last / before,
    GROWTH_AT_MOST,
  );
}
