import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { AgentCrowd } from "./agent/crowd.ts";
import { runMemberlist } from "./agent/memberlist.ts";
import { merging } from "./agent/merging.ts";
import { asProcess } from "./agent/process.ts";
import { tokens } from "./agent/tokens.ts";
import { watched } from "./agent/watched.ts";
import { limited, median, type Row, report, row } from "./support/report.ts";

const { values } = parseArgs({
  options: {
    agents: { type: "string", default: "100" },
    threads: { type: "string", default: String(1 + availableParallelism()) },
    updates: { type: "string", default: "10" },
    bursts: { type: "string", default: "20" },
    seconds: { type: "string", default: "60" },
    minutes: { type: "string", default: "60" },
    part: { type: "string", multiple: true },
    json: { type: "boolean", default: false },
  },
});
const [agents, threads, updates, bursts, seconds] = [
  values.agents,
  values.threads,
  values.updates,
  values.bursts,
  values.seconds,
].map(Number) as [number, number, number, number, number];
/** `watched` takes as long as it is asked for, so it runs when it is asked for by name only. */
const minutes = Number(values.minutes);

/** The time from a write that is on its owner's disk until 99 % of all agents have it on theirs. */
async function spreadOf(crowd: AgentCrowd, update: number): Promise<number> {
  const target = (await crowd.client.allPeers()).find((peer) => !peer.is_local);
  if (target === undefined) throw new Error("there are peers");
  const service = {
    name: `update ${update}`,
    target_peer_id: target.id,
    routes: [{ priority: 0, dest_cidr: "192.0.2.0/24" }],
  };
  const ms = await crowd.spreadOf(() => crowd.client.createService(service), Math.ceil(0.99 * crowd.size));
  await new Promise((resolve) => setTimeout(resolve, 500));
  return ms;
}

interface Burst {
  readonly ms: number;
  /** Processor time of the whole process, over the number of agents. */
  readonly cpuMs: number;
}

async function burstOf(crowd: AgentCrowd): Promise<Burst> {
  const before = process.cpuUsage();
  const ms = await crowd.joinAll(6, 240_000);
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuMs: (user + system) / 1000 / crowd.size };
}

async function gossip(): Promise<Row[]> {
  const rival = runMemberlist(agents, updates);
  const crowd = await AgentCrowd.start(agents, threads);
  try {
    // The threads begin with code that nobody has run: memberlist's was compiled before.
    const first = await burstOf(crowd);
    const others: Burst[] = [];
    while (others.length < bursts) {
      await crowd.renew();
      others.push(await burstOf(crowd));
    }
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const spread: number[] = [];
    for (let update = 0; update < updates; update += 1) spread.push(await spreadOf(crowd, update));
    const name = `${agents} agents in one process`;
    const [mostMs, mostCpuMs] = [
      Math.max(...others.map(({ ms }) => ms)),
      Math.max(...others.map(({ cpuMs }) => cpuMs)),
    ];
    const cpuGoalMs = (2 * 5000) / agents;
    return [
      limited(`${name}: an update is on 99 % of the disks, worst`, "ms", Math.max(...spread), 150),
      row("the same, median", "ms", median(spread), "memberlist, unsigned, in memory", median([...rival.t99Ms]), {
        atMost: 1,
      }),
      limited(`${name}: a burst of adds at one is complete, the first of the process`, "ms", first.ms, 5000),
      row("the same", "ms", first.ms, "memberlist", rival.joinedMs, { atMost: 2 }),
      limited("the same: processor time of each agent, all threads", "ms", first.cpuMs, cpuGoalMs),
      limited(`worst of ${bursts} bursts after it`, "ms", mostMs, 5000),
      row("the same", "ms", mostMs, "memberlist", rival.joinedMs, { atMost: 2 }),
      limited("the same: processor time of each agent, all threads, most", "ms", mostCpuMs, cpuGoalMs),
    ];
  } finally {
    await crowd.stop();
  }
}

const PARTS: Readonly<Record<string, () => Promise<Row[]>>> = {
  gossip,
  merging,
  tokens,
  process: () => asProcess(seconds * 1000),
  watched: () => watched(minutes * 60_000),
};
const asked = values.part ?? Object.keys(PARTS).filter((name) => name !== "watched");
const unknown = asked.find((name) => !Object.hasOwn(PARTS, name));
if (unknown !== undefined || ![agents, threads, updates, bursts, seconds, minutes].every((value) => value > 0)) {
  process.stderr.write(
    `--part takes ${Object.keys(PARTS).join(", ")}; --agents, --threads, --updates, --bursts, --seconds and --minutes numbers above 0\n`,
  );
  process.exitCode = 2;
} else {
  const rows: Row[] = [];
  for (const name of asked) rows.push(...((await PARTS[name]?.()) ?? []));
  report(rows);
}
