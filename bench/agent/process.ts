import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createAuthority } from "../../packages/agent/test/helpers/authority.ts";
import { limited, median, type Row, row } from "../support/report.ts";
import { clientOf, rssOf, started, stopped } from "./built.ts";
import { filledAgent } from "./filled.ts";
import { programOptions } from "./program.ts";
import { type Reading, readsASecond } from "./readers.ts";

const BARE_SERVER = fileURLToPath(new URL("bare-server.ts", import.meta.url));
const STARTS = 5;
const CONNECTIONS = 16;
const WARM_MS = 2000;
const READ_MS = 5000;

/** The built agent as a process of its own: how soon it is ready, how many calls it answers, what memory it holds. */
export async function asProcess(heldForMs: number): Promise<Row[]> {
  const authority = createAuthority();
  const large = await filledAgent(authority, 20, 10_000);
  const usual = await filledAgent(authority, 100, 1000);
  try {
    const starts: number[] = [];
    for (let start = 0; start < STARTS; start += 1) {
      const startedAt = performance.now();
      const child = await started(large.agent.config.stateDir, authority.rootsPath);
      starts.push(performance.now() - startedAt);
      await stopped(child.process);
    }
    const child = await started(usual.agent.config.stateDir, authority.rootsPath);
    const client = clientOf(child, usual.made);
    try {
      const { access_token } = await client.getToken();
      const reading = {
        port: child.port,
        path: `/v1/peers/${usual.made.peer_id}`,
        headers: { authorization: `Bearer ${access_token}` },
      };
      const body = JSON.stringify(await client.getPeer(usual.made.peer_id));
      const { reads, cpuMs } = await warmReads(reading, () => cpuMsOf(child.process));
      const bareReads = await bareReadsASecond(reading, body);
      await new Promise((resolve) => setTimeout(resolve, heldForMs));
      const read = `reads with a token over TLS, one client of ${CONNECTIONS} connections: a peer by its id`;
      return [
        limited("from the start of the process to ready, 10,000 records on disk, median", "ms", median(starts), 1000),
        row(read, "a second", reads, "goal", 5000, { atLeast: 1 }),
        limited("the same: processor time of the agent, all threads", "ms", cpuMs, 0.2),
        row("the same", "a second", reads, "node:https and nothing else, same answer", bareReads, { atLeast: 0.5 }),
        limited(
          `memory with 100 members and 1,000 services after ${heldForMs / 1000} s`,
          "MB",
          rssOf(child.process),
          100,
        ),
      ];
    } finally {
      client.close();
      await stopped(child.process);
    }
  } finally {
    await large.agent.remove();
    await usual.agent.remove();
    authority.remove();
  }
}

/** Requests a second, once what is called often is compiled, and what each cost by a meter of processor time. */
async function warmReads(reading: Reading, meterMs: () => number): Promise<{ reads: number; cpuMs: number }> {
  await readsASecond(reading, CONNECTIONS, WARM_MS);
  const [cpuBeforeMs, startedAt] = [meterMs(), performance.now()];
  const reads = await readsASecond(reading, CONNECTIONS, READ_MS);
  const count = (reads * (performance.now() - startedAt)) / 1000;
  return { reads, cpuMs: (meterMs() - cpuBeforeMs) / count };
}

async function bareReadsASecond(reading: Reading, body: string): Promise<number> {
  const server = fork(BARE_SERVER, [body], { execArgv: [...process.execArgv, ...programOptions()] });
  try {
    const [port] = (await once(server, "message")) as [number];
    return (await warmReads({ ...reading, port }, () => 0)).reads;
  } finally {
    server.kill();
  }
}

/** User and system time so far. The kernel counts it in hundredths of a second (proc(5), USER_HZ). */
function cpuMsOf(child: ChildProcess): number {
  const [, fields = ""] = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ");
  const [user = 0, system = 0] = fields.split(" ").slice(11, 13).map(Number);
  return (user + system) * 10;
}
