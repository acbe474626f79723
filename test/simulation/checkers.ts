import { checkRecordProof, type Effect, isTombstone, recordKey, type SignedRecord } from "@arctic/core";
import { createFakeCrypto } from "./fake-crypto.ts";
import { createRandom } from "./random.ts";
import type { SimPeer } from "./sim-peer.ts";
import type { World } from "./world.ts";

const AHEAD_MS = 5 * 60_000;

/** A rule that was broken, in words. */
export type Violation = string;

/** Watches every step of a run. What it finds is a bug of core, whatever the network did. */
export class Checkers {
  readonly violations: Violation[] = [];
  /** The last record that each owner's write was acknowledged with. */
  readonly #acknowledged = new Map<string, SignedRecord>();
  readonly #verified = new Set<string>();
  readonly #crypto = createFakeCrypto(createRandom(0));
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    world.watch((peer, _, effects) => {
      for (const effect of effects) this.checkEffect(peer, effect);
    });
  }

  acknowledged(record: SignedRecord): void {
    // What a clock that was ahead wrote, its owner writes again at the present, with a lower version.
    if (record.version > (this.#world.now + AHEAD_MS) * 1024) this.#acknowledged.delete(recordKey(record));
    else this.#acknowledged.set(recordKey(record), record);
  }

  /** After calm: all who take part hold the same, and hold every acknowledged write of those that are still members. */
  checkConverged(): void {
    const members = this.#world.members();
    const first = members.find((one) => !this.#world.hostile.has(one));
    if (first === undefined) return;
    for (const peer of members.filter((one) => !this.#world.hostile.has(one))) {
      const [own, others] = [JSON.stringify(peer.node.registry.hashes), JSON.stringify(first.node.registry.hashes)];
      if (own !== others)
        this.#report(peer, `holds other records than peer ${first.index}: ${differences(peer, first)}`);
      if (peer.node.cluster.id !== first.node.cluster.id)
        this.#report(
          peer,
          `bears the cluster id ${peer.node.cluster.id}, peer ${first.index} ${first.node.cluster.id}`,
        );
      this.#checkDisk(peer);
    }
    for (const [key, record] of this.#acknowledged) {
      if (first.identity.peerId !== record.owner && !first.node.peers.isMember(record.owner)) continue;
      const held = first.node.registry.get(record.kind, record.owner, record.id);
      if (held === undefined || held.version < record.version)
        this.#report(first, `lost the acknowledged write ${key}`);
    }
  }

  checkEffect(peer: SimPeer, effect: Effect): void {
    if (effect.type === "close" && effect.rejection.code === "link_failures") this.#checkCharge(peer, effect.link);
    if (effect.type !== "persist") return;
    for (const record of effect.records) {
      const text = JSON.stringify(record);
      if (!this.#verified.has(text)) {
        if (!checkRecordProof(this.#crypto, record).ok)
          this.#report(peer, `stored ${recordKey(record)} without its owner's signature`);
        this.#verified.add(text);
      }
      this.#checkOrder(peer, record);
    }
  }

  /** Between honest peers no link is ever closed for its refused records. */
  #checkCharge(peer: SimPeer, link: string): void {
    const ends = this.#world.endsOf(link);
    if (ends.length === 2 && !ends.some((end) => this.#world.hostile.has(end)))
      this.#report(peer, `closed a link to an honest peer for refused records`);
  }

  /** The order of one record's contents never goes down on one peer. `stored` already holds the new one, so history is kept here. */
  readonly #highest = new Map<string, SignedRecord>();

  #checkOrder(peer: SimPeer, record: SignedRecord): void {
    const key = `${peer.index} ${peer.disks} ${recordKey(record)}`;
    const before = this.#highest.get(key);
    this.#highest.set(key, record);
    // What a clock that was ahead wrote, its owner writes again at the present.
    const wasAhead = before !== undefined && before.version > (this.#world.now + AHEAD_MS) * 1024;
    // By a clock that is far behind an owner writes below what it wrote before, and above it once the clock is right.
    const isByWrongClock = record.owner === peer.identity.peerId && peer.skewMs < -AHEAD_MS;
    if (before === undefined || wasAhead || isByWrongClock) return;
    if (isTombstone(before) && !isTombstone(record)) this.#report(peer, `${recordKey(record)} rose from the dead`);
    else if (isTombstone(before) === isTombstone(record) && record.version < before.version)
      this.#report(peer, `${recordKey(record)} went back to an older version`);
  }

  /** What a restart would find is what the node holds. */
  #checkDisk(peer: SimPeer): void {
    const held = new Map([...peer.node.registry.all()].map((record) => [recordKey(record), record.signature]));
    if (held.size !== peer.stored.size) this.#report(peer, `holds ${held.size} records, its disk ${peer.stored.size}`);
    for (const [key, record] of peer.stored)
      if (held.get(key) !== record.signature) this.#report(peer, `its disk holds another ${key} than it does`);
  }

  #report(peer: SimPeer, text: string): void {
    if (this.violations.length < 20) this.violations.push(`peer ${peer.index} ${text}`);
  }
}

function differences(a: SimPeer, b: SimPeer): string {
  const keys = (peer: SimPeer) =>
    new Map([...peer.node.registry.all()].map((record) => [recordKey(record), record.version]));
  const [left, right] = [keys(a), keys(b)];
  const rows = [...left].flatMap(([key, version]) =>
    right.get(key) === version ? [] : [`${key} ${version}/${right.get(key) ?? "none"}`],
  );
  const missing = [...right].flatMap(([key, version]) => (left.has(key) ? [] : [`${key} none/${version}`]));
  return [...rows, ...missing].slice(0, 4).join(", ");
}
