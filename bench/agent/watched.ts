import { bootstrapped, startTestAgent, type TestAgent } from "../../packages/agent/test/helpers/agents.ts";
import { createAuthority } from "../../packages/agent/test/helpers/authority.ts";
import { limited, median, type Row } from "../support/report.ts";
import { clientOf, rssOf, started, stopped } from "./built.ts";
import { filledAgent } from "./filled.ts";

const NEIGHBOURS = 6;
const SAMPLE_MS = 15_000;
/** What two medians of the same process differ by when nothing grows: garbage that waits to be collected. */
const FLAT_MB = 5;

/**
 * The built agent with 100 members and 1,000 services, six of whose members are real agents that it is linked with, each
 * saying a heartbeat a second, for so long; every quarter of a minute a service is written and the peers are read.
 */
export async function watched(forMs: number): Promise<Row[]> {
  const authority = createAuthority();
  const filled = await filledAgent(authority, 100 - NEIGHBOURS, 1000);
  const license = authority.issue({ max_nodes: 200, max_services: 1100 });
  const child = await started(filled.agent.config.stateDir, authority.rootsPath);
  const neighbours: TestAgent[] = [];
  const client = clientOf(child, filled.made);
  try {
    for (let index = 0; index < NEIGHBOURS; index += 1) {
      const neighbour = await startTestAgent(authority.rootsPath, { logLevel: "error" }, { writeLog: () => undefined });
      neighbours.push(neighbour);
      await bootstrapped(neighbour, license, `neighbour ${index}`);
      await client.addPeer({ address: neighbour.address() });
    }
    const target = (await client.allPeers()).find(({ id }) => id !== filled.made.peer_id);
    if (target === undefined) throw new Error("there are other peers");
    const { id } = await client.createService({
      name: "watched",
      target_peer_id: target.id,
      routes: [{ priority: 0, dest_cidr: "192.0.2.0/24" }],
    });
    const samplesMb: number[] = [];
    const until = performance.now() + forMs;
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(SAMPLE_MS, forMs / 12)));
      await client.updateService(id, { bandwidth_limit_mbps: 1 + samplesMb.length });
      await client.allPeers();
      samplesMb.push(rssOf(child.process));
      if (process.stderr.isTTY)
        process.stderr.write(`\r${samplesMb.length} samples, ${samplesMb.at(-1)?.toFixed(1)} MB `);
    }
    const sixth = Math.floor(samplesMb.length / 6);
    const [early, late] = [samplesMb.slice(sixth, 2 * sixth), samplesMb.slice(-sixth)].map((part) => median(part));
    if (early === undefined || late === undefined) throw new Error("twelve samples were taken");
    const minutes = (forMs / 60_000).toFixed(0);
    const name = `memory with 100 members, 1,000 services, ${NEIGHBOURS} links, a heartbeat a second, after ${minutes} min`;
    return [
      limited(`${name}: the most of the last sixth`, "MB", Math.max(...samplesMb.slice(-sixth)), 100),
      limited("the same: the last sixth over the second, medians", "MB", Math.max(0, late - early), FLAT_MB),
    ];
  } finally {
    client.close();
    await stopped(child.process);
    for (const neighbour of neighbours) await neighbour.remove();
    await filled.agent.remove();
    authority.remove();
  }
}
