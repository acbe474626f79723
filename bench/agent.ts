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
    seconds: { type: "string", default: "60" },
    minutes: { type: "string", default: "60" },
    part: { type: "string", multiple: true },
    json: { type: "boolean", default: false },
  },
});
const [agents, threads, updates, seconds] = [values.agents, values.threads, values.updates, values.seconds].map(
  Number,
) as [number, number, number, number];
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

async function gossip(): Promise<Row[]> {
  const rival = runMemberlist(agents, updates);
  const crowd = await AgentCrowd.start(agents, threads);
  try {
    const cpuBefore = process.cpuUsage();
    const joinedMs = await crowd.joinAll(6, 240_000);
    const { user, system } = process.cpuUsage(cpuBefore);
    const joinerMs = (user + system) / 1000 / agents;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const spread: number[] = [];
    for (let update = 0; update < updates; update += 1) spread.push(await spreadOf(crowd, update));
    const name = `${agents} agents in one process`;
    return [
      limited(`${name}: an update is on 99 % of the disks, worst`, "ms", Math.max(...spread), 150),
      row("the same, median", "ms", median(spread), "memberlist, unsigned, in memory", median([...rival.t99Ms]), {
        atMost: 1,
      }),
      limited(`${name}: a burst of adds at one is complete`, "ms", joinedMs, 5000),
      row("the same", "ms", joinedMs, "memberlist", rival.joinedMs, { atMost: 2 }),
      limited("the same: processor time of each agent, all threads", "ms", joinerMs, (2 * 5000) / agents),
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
if (unknown !== undefined || ![agents, threads, updates, seconds, minutes].every((value) => value > 0)) {
  process.stderr.write(
    `--part takes ${Object.keys(PARTS).join(", ")}; --agents, --threads, --updates, --seconds and --minutes numbers above 0\n`,
  );
  process.exitCode = 2;
} else {
  const rows: Row[] = [];
  for (const name of asked) rows.push(...((await PARTS[name]?.()) ?? []));
  report(rows);
}
