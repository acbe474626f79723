import { parseArgs } from "node:util";
import { loadNow, residentMb, secondsBetween } from "./dataplane/load.ts";
import { middleRow } from "./dataplane/middle-row.ts";
import { type Contender, interleave, type Round } from "./dataplane/rounds.ts";
import {
  arcticCourse,
  type Course,
  directCourse,
  ECHO_PORT,
  engineCourse,
  haproxyOneHop,
  haproxyPair,
  NODE,
  namespacesOf,
  program,
  tlsAConnection,
  withCourses,
} from "./dataplane/worlds.ts";
import { limited, median, type Row, report, row } from "./support/report.ts";

/** TCP through Pegasus beside HAProxy, on real kernels in namespaces. */

const SERVER = "10.71.3.2";

interface Bulk {
  readonly gbps: number;
  readonly cpuPerGb: number;
}

/** `--part NAME` runs one alone, again for more; `--rounds N` is how many calm rounds count. */
const PARTS = { "one-hop": oneHop, bulk, connections, latency, memory } as const;

const { values } = parseArgs({
  options: {
    part: { type: "string", multiple: true },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean" },
  },
});

async function main(): Promise<void> {
  const rows: Row[] = [];
  for (const [name, part] of Object.entries(PARTS)) {
    if (values.part !== undefined && !values.part.includes(name)) continue;
    rows.push(...(await withCourses(part)));
  }
  report(rows);
}

type Open = <C extends Course>(course: Promise<C>) => Promise<C>;

async function oneHop(open: Open): Promise<Row[]> {
  const engine = await open(engineCourse());
  const rival = await open(haproxyOneHop(false));
  const tuned = await open(haproxyOneHop(true));
  const rounds = await interleave([engine, rival, tuned].map(bulkContender), plan([engine, rival, tuned]));
  return [
    bulkRow("one hop, engine alone, source kept", rounds, engine, rival, { atLeast: 1.2 }),
    cpuRow("one hop, relay's CPU", rounds, engine, rival),
    bulkRow("one hop, beside HAProxy with 256 KiB buffers and splice", rounds, engine, tuned, { atLeast: 0 }),
  ];
}

async function bulk(open: Open): Promise<Row[]> {
  const arctic = await open(arcticCourse(1));
  const rival = await open(haproxyPair());
  const rounds = await interleave([arctic, rival].map(bulkContender), plan([arctic, rival]));
  return [
    bulkRow("two hops, TLS 1.3", rounds, arctic, rival, { atLeast: 0.8 }),
    cpuRow("two hops, both relays' CPU", rounds, arctic, rival),
  ];
}

async function connections(open: Open): Promise<Row[]> {
  const arctic = await open(arcticCourse(1));
  const tls = await open(tlsAConnection());
  const rival = await open(haproxyPair());
  const rounds = await interleave([arctic, tls, rival].map(connectionContender), plan([arctic, tls, rival]));
  return [
    connectionRow("new connections", rounds, arctic, tls, 4),
    connectionRow("new connections, beside HAProxy, which resumes its sessions", rounds, arctic, rival, 0),
  ];
}

async function latency(open: Open): Promise<Row[]> {
  const arctic = await open(arcticCourse(1));
  const direct = await open(directCourse());
  const rounds = await interleave([arctic, direct].map(latencyContender), plan([arctic, direct]));
  const added = (share: "p50" | "p99") =>
    median(
      rounds.map(({ byName }) => (byName.get(arctic.name)?.[share] ?? NaN) - (byName.get(direct.name)?.[share] ?? NaN)),
    );
  return [
    limited("added latency, p50", "us", added("p50"), 200),
    limited("added latency, p99", "us", added("p99"), 600),
  ];
}

const plan = (courses: readonly Course[]) => ({
  namespaces: new Set(courses.flatMap(namespacesOf)),
  wanted: Number(values.rounds),
  most: 2 * Number(values.rounds),
});

/** One stream of two seconds; the relay's own counters must have seen at least what arrived. */
function bulkContender(course: Course): Contender<Bulk> {
  return {
    name: course.name,
    measure: async () => {
      const namespaces = new Set(namespacesOf(course));
      const relays = course.relays();
      if (relays.length === 0 && course.name !== "direct") throw new Error(`no relay of ${course.name} runs`);
      const carried = await course.carried();
      const before = loadNow(namespaces);
      const { bytes, gbps } = await iperf(course);
      const cpu = secondsBetween(before, loadNow(namespaces), relays);
      const now = await course.carried();
      if (carried !== undefined && now !== undefined && now - carried < bytes)
        throw new Error(`${bytes} bytes arrived, but ${course.name} carried ${now - carried}`);
      return { gbps, cpuPerGb: cpu / (bytes / 1e9) };
    },
  };
}

async function iperf({ world }: Course): Promise<{ bytes: number; gbps: number }> {
  const { end } = JSON.parse(await world.inside("client", "iperf3", "-c", SERVER, "-t", "2", "-J"));
  return { bytes: end.sum_received.bytes, gbps: end.sum_received.bits_per_second / 1e9 };
}

function connectionContender(course: Course): Contender<{ perSecond: number }> {
  return {
    name: course.name,
    measure: async () => {
      const told = JSON.parse(await traffic(course, "connections", "2"));
      if (told.failed > told.perSecond / 100)
        throw new Error(`${told.failed} connections through ${course.name} failed`);
      return told;
    },
  };
}

const latencyContender = (course: Course): Contender<{ p50: number; p99: number }> => ({
  name: course.name,
  measure: async () => JSON.parse(await traffic(course, "latency", "3000")),
});

const traffic = ({ world }: Course, role: string, amount: string): Promise<string> =>
  world.inside("client", ...NODE, program("traffic"), role, SERVER, String(ECHO_PORT), amount);

/** What a worker holds at rest, and what 10,000 idle flows add to it; each must still answer after. */
async function memory(open: Open): Promise<Row[]> {
  const course = await open(arcticCourse(1));
  const flows = 10_000;
  const pids = course.relays();
  const idle = residentMb(pids) / pids.length;
  const holder = course.world.start(
    "client",
    ...NODE,
    program("traffic"),
    "idle",
    SERVER,
    String(ECHO_PORT),
    String(flows),
  );
  await holder.waitFor(/held/, 60_000);
  const held = residentMb(pids) / pids.length;
  holder.process.stdin?.write("\n");
  const answered = Number((await holder.waitFor(/answered \d+/, 60_000)).split(" ")[1]);
  return [
    limited("a worker at rest", "MB", idle, 50),
    limited("more for 1,000 idle flows", "MB", (held - idle) / (flows / 1000), 12),
    row("of 10,000 idle flows answer", "flows", answered, "opened", flows, { atLeast: 1 }),
  ];
}

type Target = { atLeast: number } | { atMost: number };

const bulkRow = (name: string, rounds: readonly Round<Bulk>[], ours: Course, rival: Course, target: Target) =>
  middleRow({ name, unit: "Gbit/s", rounds, ours: ours.name, rival: rival.name, of: ({ gbps }) => gbps, target });
/** Without a target of its own: CPU a byte is what stands behind the rate. */
const cpuRow = (name: string, rounds: readonly Round<Bulk>[], ours: Course, rival: Course) =>
  middleRow({
    ...{ name, unit: "CPU-s/GB", rounds, ours: ours.name, rival: rival.name },
    of: ({ cpuPerGb }) => cpuPerGb,
    target: { atLeast: 0 },
  });
const connectionRow = (
  name: string,
  rounds: readonly Round<{ perSecond: number }>[],
  ours: Course,
  rival: Course,
  atLeast: number,
) =>
  middleRow({
    ...{ name, unit: "conn/s", rounds, ours: ours.name, rival: rival.name },
    of: ({ perSecond }) => perSecond,
    target: { atLeast },
  });

await main();
