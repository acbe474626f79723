import { createId, type PeerId } from "@arctic/core";
import { serviceBody } from "../../packages/core/test/support/fixtures.ts";
import { limited, type Row } from "../support/report.ts";
import { Crowd, type Host } from "./crowd.ts";

/** Every simulated second of so many takes many real ones. */
const isHuge = (size: number) => size > 2000;

/** How long a crowd takes to link up and come to rest; a huge one gets no rest from its pings. */
const settleMs = (size: number) => (isHuge(size) ? 7000 : 30_000);

/** A crowd that is linked. */
export function settledCrowd(size: number, seed: number): Crowd {
  const crowd = new Crowd(size, seed);
  crowd.runFor(settleMs(size));
  return crowd;
}

/** A write at one host after another; the worst time until 99 % of all hosts hold it. */
export function worstSpread(crowd: Crowd, updates: number, loss: number): number {
  let worstMs = 0;
  for (let update = 0; update < updates; update += 1) worstMs = Math.max(worstMs, spreadOf(crowd, loss));
  crowd.loss = 0;
  return worstMs / 1000;
}

function spreadOf(crowd: Crowd, loss: number): number {
  crowd.loss = loss;
  const writer = crowd.random.pick(crowd.hosts);
  if (writer === undefined) throw new Error("the crowd is empty");
  const id = createId("svc", writer.crypto, crowd.now);
  const wanted = Math.ceil(0.99 * crowd.hosts.length);
  let holders = 0;
  const startedAt = crowd.now;
  let reachedAt: number | undefined;
  crowd.onStep = (_, effects) => {
    for (const effect of effects)
      if (effect.type === "persist" && effect.records.some((record) => record.id === id)) holders += 1;
    if (holders >= wanted) reachedAt ??= crowd.now;
  };
  crowd.feed(writer, { type: "write", kind: "service", id, body: serviceBody(writer.identity.peerId) });
  for (let waited = 0; waited < 120_000 && reachedAt === undefined; waited += 50) crowd.runFor(50);
  crowd.onStep = () => undefined;
  // Among so many there are always some whose four pings in a row are lost, and everybody is told: not until the next update.
  if (isHuge(crowd.hosts.length)) crowd.loss = 0;
  crowd.runFor(1000);
  return (reachedAt ?? Number.POSITIVE_INFINITY) - startedAt;
}

/** Bytes that a host sends a second while nothing happens: the mean of all, and of the busiest. */
export function idleBytes(crowd: Crowd, forMs: number): { readonly mean: number; readonly most: number } {
  crowd.count();
  crowd.runFor(forMs);
  const rates = crowd.hosts.map(({ sentBytes }) => (sentBytes * 1000) / forMs);
  return { mean: rates.reduce((sum, rate) => sum + rate, 0) / rates.length, most: Math.max(...rates) };
}

/** The worst time, over some deaths, until every other host says that the dead one cannot be reached. In seconds. */
export function worstDeath(crowd: Crowd, deaths: number): number {
  let worstMs = 0;
  for (let death = 0; death < deaths; death += 1) {
    const dead = crowd.random.pick(crowd.hosts.filter(({ isUp }) => isUp));
    if (dead === undefined) break;
    crowd.runFor(crowd.random.between(0, 5000));
    crowd.kill(dead);
    const startedAt = crowd.now;
    while (!isKnownToBeGone(crowd, dead) && crowd.now < startedAt + 120_000) crowd.runFor(100);
    worstMs = Math.max(worstMs, crowd.now - startedAt);
    crowd.runFor(20_000);
  }
  return worstMs / 1000;
}

function isKnownToBeGone(crowd: Crowd, dead: Host): boolean {
  const id: PeerId = dead.identity.peerId;
  return crowd.hosts.every(({ isUp, node }) => !isUp || node.peers.get(id)?.reachability === "unreachable");
}

/** How often, over so many peer-hours with frames lost, enough others said of a living peer that it is gone. */
export function falseAlarms(crowd: Crowd, peerHours: number, loss: number): number {
  let alarms = 0;
  crowd.loss = loss;
  const said = new Set<string>();
  crowd.onStep = (_, effects) => {
    for (const effect of effects) {
      if (effect.type !== "notify" || effect.notice.type !== "peer_reachability") continue;
      const name = `${effect.notice.peer} ${Math.floor(crowd.now / 60_000)}`;
      if (!effect.notice.isReachable && !said.has(name)) alarms += 1;
      said.add(name);
    }
  };
  crowd.runFor((peerHours / crowd.hosts.length) * 3_600_000);
  crowd.onStep = () => undefined;
  crowd.loss = 0;
  return alarms;
}

export function spreadRow(size: number, loss: number, seconds: number, limit: number): Row {
  const how = loss === 0 ? "" : `, ${loss * 100} % of frames lost`;
  return limited(`an update reaches 99 % of ${size.toLocaleString("en-US")} peers${how}, worst`, "s", seconds, limit);
}
