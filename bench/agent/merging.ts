import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createClient } from "../../packages/agent/src/api/client.ts";
import { clientOf } from "../../packages/agent/test/helpers/agents.ts";
import { createAuthority } from "../../packages/agent/test/helpers/authority.ts";
import { limited, type Row } from "../support/report.ts";
import { filledAgent } from "./filled.ts";
import { programOptions } from "./program.ts";

const RECORDS = 10_000;

interface Told {
  readonly merged: number;
  readonly worstStallMs: number;
  /** The longest time that its event loop's thread computed between two chances for others. */
  readonly worstTurnMs: number;
  /** Processor time of all threads since the beginning. */
  readonly cpuMs: number;
}

/** A newcomer in a process of its own takes up 10,000 records from the one that adds it. */
export async function merging(): Promise<Row[]> {
  const authority = createAuthority();
  const { agent, made } = await filledAgent(authority, 20, RECORDS);
  const member = fork(fileURLToPath(new URL("member.ts", import.meta.url)), [authority.rootsPath], {
    execArgv: [...process.execArgv, ...programOptions()],
  });
  await agent.restart();
  const adder = clientOf(agent, made);
  try {
    const [{ port, tlsFingerprint }] = (await once(member, "message")) as [{ port: number; tlsFingerprint: string }];
    const stranger = createClient({
      endpoints: [`https://127.0.0.1:${port}`],
      trust: { type: "fingerprints", sha256: [tlsFingerprint] },
      timeoutMs: 30_000,
    });
    const license = (await adder.getLicense()).license;
    await stranger.bootstrap({ license, name: "newcomer" });
    stranger.close();
    // After its start the adder waits for members that it knows before it writes; that is over once it has written.
    await adder.updatePeer(made.peer_id, { description: "holds much" });
    member.send("begin");
    const startedAt = performance.now();
    await adder.addPeer({ address: `127.0.0.1:${port}` });
    let told = await ask(member);
    while (told.merged < RECORDS && performance.now() - startedAt < 60_000) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      told = await ask(member);
    }
    const tookMs = told.merged < RECORDS ? Number.POSITIVE_INFINITY : performance.now() - startedAt;
    const name = "a newcomer takes up 10,000 records";
    return [
      limited(`${name}: until it has them`, "ms", tookMs, 5000),
      limited(`${name}: processor time of all its threads`, "ms", told.cpuMs, 5000),
      limited(`${name}: its longest event-loop stall`, "ms", told.worstStallMs, 50),
      limited(`${name}: the same by processor time, whatever else the host does`, "ms", told.worstTurnMs, 50),
    ];
  } finally {
    adder.close();
    member.send("end");
    await once(member, "exit");
    await agent.remove();
    authority.remove();
  }
}

async function ask(member: ChildProcess): Promise<Told> {
  member.send("tell");
  const [told] = (await once(member, "message")) as [Told];
  return told;
}
