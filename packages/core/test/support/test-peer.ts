import type { Crypto } from "../../src/crypto/crypto.ts";
import type { Identity } from "../../src/identity/identity.ts";
import type { License, LicenseRoot } from "../../src/license/license.ts";
import type { ClusterNode, NodeOptions, Step } from "../../src/node/cluster-node.ts";
import { createClusterNode } from "../../src/node/create-cluster-node.ts";
import type { Effect, NodeFlags, Notice } from "../../src/node/effect.ts";
import type { Input } from "../../src/node/input.ts";
import { type RecordKey, recordKey, type SignedRecord } from "../../src/registry/record.ts";
import { HOUR_MS, type Millis } from "../../src/time.ts";
import type { PeerBookEntry } from "../../src/trust/peer-book.ts";
import { createTestCrypto } from "./crypto.ts";
import { identityOf, licenseOf, NOW, peerBody, ROOT } from "./fixtures.ts";

export interface TestPeerOptions {
  readonly crypto?: Crypto;
  readonly license?: License;
  readonly roots?: readonly LicenseRoot[];
  readonly records?: readonly SignedRecord[];
  readonly kinds?: NodeOptions["kinds"];
  /** `open` for an hour from the start, by the key alone where one is given; `shut` for a peer that is past its hour. */
  readonly door?: "open" | "shut" | { readonly acceptKey: Uint8Array };
  readonly startedAt?: Millis;
  readonly heartbeatEveryMs?: number;
}

/** A host of one node: it keeps what `persist` says, and remembers every step and notice. */
export class TestPeer {
  readonly name: string;
  readonly address: string;
  readonly identity: Identity;
  readonly crypto: Crypto;
  readonly notices: Notice[] = [];
  readonly steps: Step[] = [];
  readonly #options: TestPeerOptions;
  readonly #recordByKey = new Map<RecordKey, SignedRecord>();
  readonly #bookByPeer = new Map<string, PeerBookEntry>();
  #flags: NodeFlags = {};
  #license: License;
  #boots = 0;
  #node: ClusterNode;

  constructor(name: string, options: TestPeerOptions = {}) {
    this.name = name;
    this.address = `${name}.example:8080`;
    this.identity = identityOf(name);
    this.crypto = options.crypto ?? createTestCrypto(name);
    this.#options = options;
    this.#license = options.license ?? licenseOf();
    for (const record of options.records ?? []) this.#recordByKey.set(recordKey(record), record);
    this.#node = this.#boot(options.startedAt ?? NOW);
  }

  get node(): ClusterNode {
    return this.#node;
  }

  get id() {
    return this.identity.peerId;
  }

  get stored(): ReadonlyMap<RecordKey, SignedRecord> {
    return this.#recordByKey;
  }

  get flags(): NodeFlags {
    return this.#flags;
  }

  /** The first write of a bootstrap: the peer's own record. */
  bootstrap(now: Millis = NOW): Step {
    return this.handle({ type: "write", kind: "peer", id: this.id, body: peerBody(this.id, this.name) }, now);
  }

  handle(input: Input, now: Millis): Step {
    const step = this.#node.handle(input, now);
    this.steps.push(step);
    for (const effect of step.effects) {
      if (effect.type === "persist") this.#persist(effect);
      if (effect.type === "notify") this.notices.push(effect.notice);
    }
    return step;
  }

  restart(now: Millis): void {
    this.#node = this.#boot(now);
  }

  #boot(now: Millis): ClusterNode {
    this.#boots += 1;
    const { door = "open", roots = [ROOT], heartbeatEveryMs = 60_000, kinds } = this.#options;
    const until = (this.#options.startedAt ?? NOW) + HOUR_MS;
    const fresh = door === "shut" ? {} : { fresh: door === "open" ? { until } : { until, acceptKey: door.acceptKey } };
    return createClusterNode({
      crypto: this.crypto,
      identity: this.identity,
      roots,
      license: this.#license,
      bootId: `${this.name}-boot-${this.#boots}`,
      stored: { records: [...this.#recordByKey.values()], book: [...this.#bookByPeer.values()], flags: this.#flags },
      heartbeatEveryMs,
      startedAt: now,
      ...fresh,
      ...(kinds === undefined ? {} : { kinds }),
    });
  }

  #persist(effect: Extract<Effect, { type: "persist" }>): void {
    for (const key of effect.drop) this.#recordByKey.delete(key);
    for (const record of effect.records) this.#recordByKey.set(recordKey(record), record);
    for (const entry of effect.book) this.#bookByPeer.set(entry.peer, entry);
    if (effect.license !== undefined) this.#license = effect.license;
    if (effect.flags !== undefined) this.#flags = effect.flags;
  }
}
