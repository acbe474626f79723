import type { Client } from "@arctic/agent/client";
import { parseMetrics } from "../../packages/agent/test/helpers/prometheus.ts";
import { pause } from "./clock.ts";
import type { Fleet, Member } from "./fleet.ts";
import type { Random } from "./random.ts";

/** What a write costs a calm cluster, beyond what it sends when nothing is written. */
export interface Cost {
  readonly writes: number;
  readonly framesPerWrite: number;
  readonly bytesPerWrite: number;
  readonly idleBytesPerSecondPerAgent: number;
  /** Each acknowledged write: until the last agent had it, from the moment that it was sent, in milliseconds. */
  readonly spreadMs: readonly number[];
  /** Each agent's share of each write, the same way. */
  readonly arrivalMs: readonly number[];
}

const REST_MS = 20_000;
const IDLE_MS = 15_000;
const WRITES = 60;
const WRITE_EVERY_MS = 150;
const SETTLE_MS = 1_500;

export async function measureCost(fleet: Fleet, random: Random): Promise<Cost> {
  const { members } = fleet;
  // What the faults have stirred up is still told around.
  await pause(REST_MS);
  const idleFrom = await gossipOf(members);
  await pause(IDLE_MS);
  const idle = difference(await gossipOf(members), idleFrom);

  const arrivals = new Map<string, number[]>();
  const listening = new AbortController();
  const ready = members.map(({ client }) => listen(client, listening.signal, arrivals));
  await Promise.all(ready);
  const before = await gossipOf(members);
  const startedAt = performance.now();
  const sentAtByName = new Map<string, number>();
  for (let write = 0; write < WRITES; write += 1) {
    const from = random.pick(members);
    const to = random.pick(members.filter((member) => member !== from));
    const name = `cost-${write}`;
    sentAtByName.set(name, performance.now());
    await from.client.createService({
      name,
      target_peer_id: to.peerId,
      transport_type: "tcp",
      requires_interface: false,
      fully_transparent: false,
      bandwidth_limit_mbps: 1,
    });
    await pause(WRITE_EVERY_MS);
  }
  await pause(SETTLE_MS);
  const tookMs = performance.now() - startedAt;
  const spent = difference(await gossipOf(members), before);
  listening.abort();

  const spreadMs: number[] = [];
  const arrivalMs: number[] = [];
  for (const [name, sentAt] of sentAtByName) {
    const seen = (arrivals.get(name) ?? []).map((at) => at - sentAt);
    arrivalMs.push(...seen);
    spreadMs.push(seen.length === members.length ? Math.max(...seen) : Number.POSITIVE_INFINITY);
  }
  const beyondIdle = (total: number, idleTotal: number) => (total - (idleTotal * tookMs) / IDLE_MS) / WRITES;
  return {
    writes: WRITES,
    framesPerWrite: beyondIdle(spent.frames, idle.frames),
    bytesPerWrite: beyondIdle(spent.bytes, idle.bytes),
    idleBytesPerSecondPerAgent: idle.bytes / (IDLE_MS / 1000) / members.length,
    spreadMs,
    arrivalMs,
  };
}

/** Notes when each service record came to the agent. Resolves once it would not miss one. */
async function listen(client: Client, signal: AbortSignal, arrivals: Map<string, number[]>): Promise<void> {
  const events = client.events({ signal });
  await events.next();
  void (async () => {
    try {
      for await (const event of events) {
        if (event.type !== "record" || event.record.kind !== "service" || !("body" in event.record)) continue;
        const name = String(event.record.body.name);
        arrivals.set(name, [...(arrivals.get(name) ?? []), performance.now()]);
      }
    } catch {
      // Cut off at the end of the measurement.
    }
  })();
}

interface Gossip {
  readonly frames: number;
  readonly bytes: number;
}

/** What all agents have sent since their processes were started. */
async function gossipOf(members: readonly Member[]): Promise<Gossip> {
  const metrics = await Promise.all(members.map(async ({ client }) => parseMetrics(await client.getMetrics())));
  const sum = (name: string) =>
    metrics.reduce((total, each) => total + (each.value(name, { direction: "sent" }) ?? 0), 0);
  return { frames: sum("arctic_gossip_frames_total"), bytes: sum("arctic_gossip_bytes_total") };
}

function difference(later: Gossip, earlier: Gossip): Gossip {
  return { frames: later.frames - earlier.frames, bytes: later.bytes - earlier.bytes };
}
