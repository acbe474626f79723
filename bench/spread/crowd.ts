import {
  type ClusterNode,
  type Crypto,
  createClusterNode,
  createId,
  createIdentity,
  createSharedRecords,
  type Effect,
  type Identity,
  type Input,
  issueLicense,
  issueRecord,
  type License,
  type LicenseRoot,
  type PeerId,
  rfc3339FromMs,
  type SignedRecord,
} from "@arctic/core";
import { createFakeCrypto } from "../../test/simulation/fake-crypto.ts";
import { createRandom, type Random } from "../../test/simulation/random.ts";
import { Schedule } from "../../test/simulation/schedule.ts";

const START_AT = Date.UTC(2026, 0, 1);
const CUSTOMER_AT = START_AT - 86_400_000;

/** One host of a crowd. */
export interface Host {
  readonly index: number;
  readonly identity: Identity;
  readonly address: string;
  readonly crypto: Crypto;
  node: ClusterNode;
  isUp: boolean;
  wakePlannedAt: number;
  /** Bytes that this host put on its wire, headers counted. */
  sentBytes: number;
}

interface End {
  readonly host: Host;
  readonly link: string;
  readonly isDialler: boolean;
  arrivedAt: number;
  lastSentAt: number;
}

/** TCP with timestamps over IPv4, and the acknowledgement that has nothing else to carry. */
const SEGMENT_BYTES = 52;
/** A TLS 1.3 record: header, tag, content type. */
const TLS_BYTES = 22;
/** How long a receiver waits with a pure acknowledgement (Linux). */
const DELAYED_ACK_MS = 40;

/**
 * Many nodes of real core in one process, formed already: all admitted each other, and hold one registry together. In
 * virtual time, with 10 to 50 ms a hop; frames are lost without a word where `loss` says so.
 */
export class Crowd {
  readonly schedule = new Schedule(START_AT);
  readonly hosts: Host[] = [];
  readonly random: Random;
  loss = 0;
  frames = 0;
  /** What the one wire carries that all share, in bytes a millisecond, and until when it is busy with what was sent. */
  readonly wire = { bytesPerMs: Number.POSITIVE_INFINITY, busyUntil: 0 };
  /** Told of every frame as it is sent. */
  onSend: (from: Host, text: string) => void = () => undefined;
  /** Told of every effect, so that a bench sees what became known where. */
  onStep: (host: Host, effects: readonly Effect[]) => void = () => undefined;
  #isCounting = false;
  readonly #hostByAddress = new Map<string, Host>();
  readonly #endByLink = new Map<string, readonly [own: End, other: End]>();
  #links = 0;

  constructor(size: number, seed: number) {
    this.random = createRandom(seed);
    const crypto = createFakeCrypto(this.random.fork());
    const { license, roots } = authorityOf(crypto);
    const identities = Array.from({ length: size }, () => createIdentity(crypto, START_AT));
    const records = recordsOf(crypto, identities, license);
    const shared = createSharedRecords({ crypto, records });
    for (const [index, identity] of identities.entries()) {
      const own = createFakeCrypto(this.random.fork());
      const node = createClusterNode({
        crypto: own,
        identity,
        roots,
        license,
        bootId: `boot ${index}`,
        stored: { records: [], shared, book: [], flags: {} },
        heartbeatEveryMs: 60_000,
        startedAt: START_AT,
      });
      const host = {
        index,
        identity,
        address: addressOf(index),
        crypto: own,
        node,
        isUp: true,
        wakePlannedAt: 0,
        sentBytes: 0,
      };
      host.wakePlannedAt = Number.POSITIVE_INFINITY;
      this.hosts.push(host);
      this.#hostByAddress.set(host.address, host);
    }
    // Nobody starts at the same instant.
    for (const host of this.hosts)
      this.schedule.at(START_AT + this.random.between(0, 2000), () => this.feed(host, { type: "wake" }));
  }

  get now(): number {
    return this.schedule.now;
  }

  runFor(ms: number): void {
    const until = this.now + ms;
    while (this.schedule.step(until));
  }

  /** Counts bytes from now on. */
  count(): void {
    this.#isCounting = true;
    for (const host of this.hosts) host.sentBytes = 0;
  }

  /** The host's power is gone: nothing closes, nothing answers. */
  kill(host: Host): void {
    host.isUp = false;
  }

  feed(host: Host, input: Input): ReturnType<ClusterNode["handle"]> | undefined {
    if (!host.isUp) return undefined;
    const step = host.node.handle(input, Math.floor(this.now));
    this.onStep(host, step.effects);
    for (const effect of step.effects) this.#perform(host, effect);
    this.#planWake(host);
    return step;
  }

  #perform(host: Host, effect: Effect): void {
    if (effect.type === "send") this.#send(effect.link, effect.text);
    else if (effect.type === "dial") this.#dial(host, effect.dial, effect.address);
    else if (effect.type === "close") this.#close(effect.link);
  }

  #planWake(host: Host): void {
    const at = Math.max(host.node.wakeAt, this.now);
    if (at >= host.wakePlannedAt || !Number.isFinite(at)) return;
    host.wakePlannedAt = at;
    this.schedule.at(at, () => {
      if (host.wakePlannedAt !== at) return;
      host.wakePlannedAt = Number.POSITIVE_INFINITY;
      if (host.node.wakeAt <= this.now) this.feed(host, { type: "wake" });
      else this.#planWake(host);
    });
  }

  #dial(from: Host, dial: string, address: string): void {
    const to = this.#hostByAddress.get(address);
    this.schedule.at(Math.max(this.now, this.wire.busyUntil) + 2 * this.#delayMs(), () => {
      if (to === undefined || !to.isUp) {
        // A dead host does not even refuse: the dial runs out of time.
        this.schedule.at(this.now + 3000, () => this.feed(from, { type: "dial_failed", dial, reason: "no answer" }));
        return;
      }
      this.#links += 1;
      const binding = new Uint8Array(32);
      new DataView(binding.buffer).setUint32(0, this.#links);
      const out = { host: from, link: `${this.#links}o`, isDialler: true, arrivedAt: 0, lastSentAt: 0 };
      const inn = { host: to, link: `${this.#links}i`, isDialler: false, arrivedAt: 0, lastSentAt: 0 };
      this.#endByLink.set(out.link, [out, inn]);
      this.#endByLink.set(inn.link, [inn, out]);
      this.feed(to, { type: "opened", link: inn.link, direction: "in", binding, remoteHost: "10.0.0.1" });
      this.feed(from, { type: "opened", link: out.link, direction: "out", binding, dial, address });
    });
  }

  #send(link: string, text: string): void {
    const ends = this.#endByLink.get(link);
    if (ends === undefined) return;
    const [own, other] = ends;
    this.frames += 1;
    own.lastSentAt = this.now;
    this.onSend(own.host, text);
    const bytes = text.length + webSocketBytes(text.length, own.isDialler) + TLS_BYTES + SEGMENT_BYTES;
    if (this.#isCounting) own.host.sentBytes += bytes;
    this.wire.busyUntil = Math.max(this.now, this.wire.busyUntil) + bytes / this.wire.bytesPerMs;
    if (this.loss > 0 && this.random.next() < this.loss) return;
    other.arrivedAt = Math.max(this.wire.busyUntil + this.#delayMs(), other.arrivedAt);
    this.schedule.at(other.arrivedAt, () => {
      if (!this.#endByLink.has(other.link)) return;
      this.feed(other.host, { type: "received", link: other.link, text });
      if (this.#isCounting) this.#acknowledge(other);
    });
  }

  #acknowledge(end: End): void {
    const at = this.now;
    this.schedule.at(at + DELAYED_ACK_MS, () => {
      if (end.lastSentAt < at) end.host.sentBytes += SEGMENT_BYTES;
    });
  }

  #close(link: string): void {
    const ends = this.#endByLink.get(link);
    if (ends === undefined) return;
    for (const end of ends) this.#endByLink.delete(end.link);
    const [, other] = ends;
    this.schedule.at(Math.max(this.now + this.#delayMs(), other.arrivedAt), () =>
      this.feed(other.host, { type: "closed", link: other.link }),
    );
  }

  #delayMs(): number {
    return this.random.between(10, 50);
  }
}

/** RFC 6455 section 5.2: two bytes, more for longer frames, and a mask from the client. */
function webSocketBytes(length: number, isMasked: boolean): number {
  return (length < 126 ? 2 : length < 65_536 ? 4 : 10) + (isMasked ? 4 : 0);
}

function addressOf(index: number): string {
  return `host-${index}.example:8080`;
}

/** Each peer's own record, and admissions both ways along a tree: everybody reaches everybody. */
function recordsOf(crypto: Crypto, identities: readonly Identity[], license: License): SignedRecord[] {
  const clusterId = createId("clu", crypto, START_AT - 3_600_000);
  const first = identities[0];
  if (first === undefined) return [];
  const version = (START_AT - 3_600_000) * 1024;
  const issue = (owner: Identity, kind: string, id: PeerId, body: Parameters<typeof issueRecord>[3]) =>
    issueRecord(crypto, owner, { kind, id, version, customerId: license.customer_id }, body);
  const introduced = { body: { introduced_at: rfc3339FromMs(START_AT) } };
  return identities.flatMap((identity, index) => {
    const parent = identities[(index - 1) >> 3];
    const admissions =
      index === 0 || parent === undefined
        ? []
        : [
            issue(parent, "admission", identity.peerId, introduced),
            issue(identity, "admission", parent.peerId, introduced),
          ];
    const body = {
      name: `host-${index}`,
      description: "",
      addresses: [addressOf(index)],
      api_access: "full",
      cluster: { id: clusterId, minted_by: first.peerId, founded: true },
      tls_fingerprint: "0".repeat(64),
      agent_version: "0.0.0",
      created_at: rfc3339FromMs(START_AT),
    };
    return [...admissions, issue(identity, "peer", identity.peerId, { body })];
  });
}

function authorityOf(crypto: Crypto): { license: License; roots: readonly LicenseRoot[] } {
  const root = createIdentity(crypto, START_AT);
  const license = issueLicense(
    crypto,
    { keyId: "bench", secretKey: root.secretKey },
    {
      customer_id: createId("cust", crypto, CUSTOMER_AT),
      license_id: createId("lic", crypto, CUSTOMER_AT),
      replaces: [],
      issued_at: rfc3339FromMs(CUSTOMER_AT),
      expires_at: rfc3339FromMs(START_AT + 3650 * 86_400_000),
      max_nodes: 100_000,
      max_services: 1_000_000,
      features: [],
    },
  );
  return { license, roots: [{ key_id: "bench", public_key: Buffer.from(root.publicKey).toString("base64url") }] };
}
