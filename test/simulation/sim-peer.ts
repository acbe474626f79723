import {
  type ClusterNode,
  type Crypto,
  createClusterNode,
  createId,
  createIdentity,
  type Effect,
  type Identity,
  type Input,
  type License,
  type LicenseRoot,
  type NodeFlags,
  type PeerBookEntry,
  type RecordKey,
  recordKey,
  rfc3339FromMs,
  type SignedRecord,
} from "@arctic/core";

export interface Authority {
  readonly license: License;
  readonly roots: readonly LicenseRoot[];
}

/** A host of core as the agent is one: a disk that `persist` writes, and a node that a restart makes anew from it. */
export class SimPeer {
  readonly index: number;
  readonly address: string;
  readonly identity: Identity;
  readonly #crypto: Crypto;
  readonly #authority: Authority;
  readonly #bootstrappedAt: number;
  readonly #recordByKey = new Map<RecordKey, SignedRecord>();
  readonly #bookByPeer = new Map<string, PeerBookEntry>();
  #flags: NodeFlags = {};
  #license: License;
  #node: ClusterNode;
  #boots = 0;
  isUp = true;
  /** How far this host's clock is from the world's, in milliseconds. */
  skewMs = 0;
  /** While true the disk refuses every write: the host then says nothing and forgets the step, as the agent's driver does. */
  isDiskFull = false;
  /** How many disks it has had: a restored one knows nothing of what came after its backup. */
  disks = 1;
  /** What a backup keeps, and a restored one brings back. */
  #backup: { readonly records: readonly SignedRecord[]; readonly flags: NodeFlags } | undefined;

  constructor(index: number, crypto: Crypto, authority: Authority, now: number) {
    this.index = index;
    this.address = `peer-${index}.example:8080`;
    this.#crypto = crypto;
    this.#authority = authority;
    this.#license = authority.license;
    this.#bootstrappedAt = now;
    this.identity = createIdentity(crypto, now);
    this.#node = this.#boot(now);
  }

  get node(): ClusterNode {
    return this.#node;
  }

  get boots(): number {
    return this.#boots;
  }

  get stored(): ReadonlyMap<RecordKey, SignedRecord> {
    return this.#recordByKey;
  }

  /** The first write of a bootstrap: the peer's own record with a newly minted cluster id. */
  bootstrapInput(now: number): Input {
    const clusterId = createId("clu", this.#crypto, now);
    return {
      type: "write",
      kind: "peer",
      id: this.identity.peerId,
      body: {
        name: `peer-${this.index}`,
        description: "",
        addresses: [this.address],
        api_access: "full",
        cluster: { id: clusterId, minted_by: this.identity.peerId, founded: false },
        tls_fingerprint: "0".repeat(64),
        agent_version: "0.0.0",
        created_at: rfc3339FromMs(now),
      },
    };
  }

  /** Feeds one input; what must be on disk is there before the effects that leave the host come back. */
  handle(input: Input, now: number): readonly Effect[] | "refused" {
    const { effects } = this.#node.handle(input, now + this.skewMs);
    if (this.isDiskFull && effects.some(({ type }) => type === "persist")) return "refused";
    for (const effect of effects) if (effect.type === "persist") this.#persist(effect);
    return effects;
  }

  /** When the node wants to be woken, by the world's clock. */
  get wakeAt(): number {
    return this.#node.wakeAt - this.skewMs;
  }

  restart(now: number): void {
    this.#node = this.#boot(now + this.skewMs);
    this.isUp = true;
  }

  backUp(): void {
    this.#backup = { records: [...this.#recordByKey.values()], flags: this.#flags };
  }

  /** The disk as the last backup holds it, for the next start; false where there is none. */
  restoreBackup(): boolean {
    if (this.#backup === undefined) return false;
    this.disks += 1;
    this.#recordByKey.clear();
    for (const record of this.#backup.records) this.#recordByKey.set(recordKey(record), record);
    this.#flags = this.#backup.flags;
    return true;
  }

  newServiceId(now: number): string {
    return createId("svc", this.#crypto, now);
  }

  #boot(now: number): ClusterNode {
    this.#boots += 1;
    return createClusterNode({
      crypto: this.#crypto,
      identity: this.identity,
      roots: this.#authority.roots,
      license: this.#license,
      bootId: `${this.index}-${this.#boots}`,
      stored: { records: [...this.#recordByKey.values()], book: [...this.#bookByPeer.values()], flags: this.#flags },
      heartbeatEveryMs: 10_000,
      fresh: { until: this.#bootstrappedAt + 3_600_000 },
      startedAt: now,
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
