import type { Crypto } from "../crypto/crypto.ts";
import { base64urlFromBytes } from "../encoding/base64url.ts";
import { type CustomerId, isId, type PeerId } from "../identity/id.ts";
import type { Identity } from "../identity/identity.ts";
import { kindTable } from "../kinds/kinds.ts";
import { checkLicense, type License, type LicenseRoot, licenseHash } from "../license/license.ts";
import { type LicenseProgress, licenseStateAt, renewedLicense } from "../license/license-state.ts";
import * as LIMITS from "../limits.ts";
import { median } from "../median.ts";
import type { KindTable } from "../registry/kind.ts";
import { LayeredMap } from "../registry/layered-map.ts";
import { contentHash, isTombstone, type RecordKey, type SignedRecord } from "../registry/record.ts";
import { Registry } from "../registry/registry.ts";
import type { Millis } from "../time.ts";
import { introducersFrom, Membership, membershipFrom, type Standing } from "../trust/membership.ts";
import type { PeerBookEntry } from "../trust/peer-book.ts";
import type { Voucher } from "../trust/voucher.ts";
import { Ahead } from "./ahead.ts";
import type { NodeOptions } from "./cluster-node.ts";
import type { NodeFlags } from "./effect.ts";
import type { LinkId } from "./input.ts";
import { keepLatest } from "./keep-latest.ts";
import type { Link, LiveLink } from "./link.ts";
import { membershipFacts } from "./membership-facts.ts";
import { Outbox } from "./outbox.ts";
import type { Equivocation } from "./view.ts";

/** A record that became current in this step, and the link that it came by; a local write has none. */
export interface Applied {
  readonly key: RecordKey;
  readonly record: SignedRecord;
  readonly from: LinkId | undefined;
}

/** Everything that the rooms of one node share. It is mutable, and the node owns it. */
export class NodeState {
  readonly crypto: Crypto;
  readonly identity: Identity;
  readonly self: PeerId;
  readonly customerId: CustomerId;
  readonly roots: readonly LicenseRoot[];
  readonly bootId: string;
  readonly startedAt: Millis;
  readonly heartbeatEveryMs: number;
  readonly kinds: KindTable;
  readonly registry: Registry;
  readonly ahead: Ahead;
  readonly outbox = new Outbox();
  readonly links = new Map<LinkId, Link>();
  /** The one authenticated link that stays for a peer. */
  readonly linkByPeer = new Map<PeerId, LinkId>();
  readonly book = new Map<PeerId, PeerBookEntry>();
  /** Members that enough others say are gone, and that this peer has no link to. */
  readonly downPeers = new Set<PeerId>();
  /** Public keys (base64url) that were seen to belong to an id. */
  readonly keyByPeer: LayeredMap<PeerId, string>;
  /** First contacts that an operator's add on this side allows. */
  invitations: {
    readonly address: string;
    readonly hosts: readonly string[];
    readonly key: string | undefined;
    readonly until: Millis;
  }[] = [];
  /** The clock of the last input. */
  now: Millis;
  license: License;
  licenseHash: string;
  /** The state of the license, on its way to the one that its dates name. */
  licenseProgress: LicenseProgress;
  fresh: { readonly until: Millis; readonly acceptKey: string | undefined } | undefined;
  flags: NodeFlags;
  /** Records that became current and keys that ended since the last settling. */
  applied: Applied[] = [];
  dropped: string[] = [];
  /** Own records of this run that came back above what was written after them. */
  outrun: SignedRecord[] = [];
  /** Signatures that this run made, the latest few thousand: what bears one is no clone's. */
  readonly ownSignatures = new Set<string>();
  /**
   * From when on this peer writes: one that knows others hears from one of them first, or tries for ten seconds, since
   * its disk may be a restored one. 0 once that is over.
   */
  writesFrom: Millis;
  /** Pairs of contents that an owner signed under one version, by key: the latest few, as evidence. */
  readonly evidenceByKey = new Map<RecordKey, Equivocation>();
  equivocations = 0;
  /** The highest version of an own record that the disk held at the start. */
  readonly highestOwnAtStart: number;
  #liveLinks: readonly { readonly id: LinkId; readonly live: LiveLink }[] | undefined;
  #membership: Membership | undefined;
  #introducerByPeer: ReadonlyMap<PeerId, PeerId> | undefined;

  constructor(options: NodeOptions) {
    this.now = options.startedAt;
    const license = checkLicense(options.crypto, options.roots, options.license);
    if (!license.ok) throw new Error(`the license cannot be verified: ${license.rejection.message}`);
    this.crypto = options.crypto;
    this.identity = options.identity;
    this.self = options.identity.peerId;
    this.roots = options.roots;
    this.bootId = options.bootId;
    this.startedAt = options.startedAt;
    this.heartbeatEveryMs = options.heartbeatEveryMs;
    this.license = license.value;
    this.licenseHash = licenseHash(options.crypto, license.value);
    this.customerId = license.value.customer_id;
    // Without a stored way the dates alone say where it begins: then an operator is at the keyboard.
    const state = licenseStateAt(license.value, options.startedAt);
    this.licenseProgress = options.stored.flags.license ?? { state, behindMs: 0 };
    this.flags = options.stored.flags;
    this.kinds = kindTable(options.kinds);
    const { shared } = options.stored;
    this.registry = new Registry(options.crypto, this.kinds, shared?.registry);
    this.ahead = new Ahead(this.registry);
    this.keyByPeer = new LayeredMap(shared?.keyByPeer);
    // What is stored besides may change who belongs: then all facts are looked at.
    const base = options.stored.records.length === 0 ? shared?.membershipOf(this.self) : undefined;
    if (base !== undefined) this.#membership = new Membership(this.self, base);
    for (const record of options.stored.records) {
      this.registry.put(record, contentHash(options.crypto, record));
      this.keyByPeer.set(record.owner, record.key);
    }
    this.highestOwnAtStart = this.registry
      .ofOwner(this.self)
      .reduce((highest, { record }) => Math.max(highest, record.version), 0);
    this.writesFrom = this.members().length > 1 ? options.startedAt + LIMITS.takeBackMs : 0;
    for (const entry of options.stored.book) this.book.set(entry.peer, { ...entry, reachability: "idle" });
    this.keyByPeer.set(this.self, base64urlFromBytes(options.identity.publicKey));
    if (options.fresh !== undefined) this.openDoor(options.fresh);
  }

  /** Lets a first contact in until then, by one key alone where it is named. */
  openDoor({ until, acceptKey }: NonNullable<NodeOptions["fresh"]>): void {
    this.fresh = { until, acceptKey: acceptKey === undefined ? undefined : base64urlFromBytes(acceptKey) };
  }

  /** Grows with the records that are applied; made anew after `forgetMembership`. */
  get membership(): Membership {
    this.#membership ??= membershipFrom(membershipFacts(this.self, this.registry));
    return this.#membership;
  }

  /** To be called when a record was applied: admissions, revocations and peers' tombstones change who is trusted. */
  noteTrust(record: SignedRecord): void {
    const { kind, owner, id } = record;
    if (kind === "admission" && isId("peer", id)) {
      this.#introducerByPeer = undefined;
      // One by a stranger leads nowhere; it is counted when all facts are looked at again.
      if (this.membership.isAdmitted(owner)) this.membership.admit(id);
    } else if (kind === "revocation" && isId("peer", id)) {
      if (this.membership.isAdmitted(owner)) this.membership.end(id, "revoked");
    } else if (kind === "peer" && isTombstone(record)) this.membership.end(owner, "left");
  }

  /** To be called when an admission, a revocation or a peer's tombstone was dropped. */
  forgetMembership(): void {
    this.#membership = undefined;
    this.#introducerByPeer = undefined;
  }

  /** The introducer by which a peer was first reached. */
  introducerOf(peer: PeerId): PeerId | undefined {
    this.#introducerByPeer ??= introducersFrom(this.self, membershipFacts(this.self, this.registry).admissions);
    return this.#introducerByPeer.get(peer);
  }

  standingOf(peer: PeerId): Standing | undefined {
    return this.membership.standingOf(peer);
  }

  isMember(peer: PeerId): boolean {
    return this.standingOf(peer) === "member";
  }

  /** Members in the order of their ids, this peer included while it is one. The same list until something changes. */
  members(): readonly PeerId[] {
    return this.membership.members();
  }

  /** False once this peer has left or was revoked: it stops taking part. */
  isTakingPart(): boolean {
    return this.flags.hasLeft !== true && this.isMember(this.self);
  }

  /** Notes what was found of a peer, and has it kept. */
  enterInBook(entry: PeerBookEntry): void {
    this.book.set(entry.peer, entry);
    this.outbox.note(entry);
  }

  setFlags(flags: NodeFlags): void {
    this.flags = { ...this.flags, ...flags };
    this.outbox.keepFlags(this.flags);
  }

  keepVoucher(voucher: Voucher | undefined): void {
    const { voucher: _, ...others } = this.flags;
    this.flags = voucher === undefined ? others : { ...others, voucher };
    this.outbox.keepFlags(this.flags);
  }

  /** Another running peer uses this identity: this one stops writing, for good. `told` is who said so, if it was not seen here. */
  becomeCloned(told?: PeerId): void {
    if (this.flags.isCloned === true) return;
    this.setFlags({ isCloned: true });
    this.outbox.notify({ type: "cloned", ...(told === undefined ? {} : { told }) });
  }

  setLicenseProgress(progress: LicenseProgress): void {
    const before = this.licenseProgress;
    if (before.state === progress.state && before.behindMs === progress.behindMs) return;
    this.licenseProgress = progress;
    this.setFlags({ license: progress });
    if (before.state !== progress.state)
      this.outbox.notify({ type: "license_state", state: progress.state, before: before.state });
  }

  licenseHashOf(license: License): string {
    return licenseHash(this.crypto, license);
  }

  /** A renewal moves the license's state back at once; it never moves it on. */
  setLicense(license: License, now: Millis): void {
    this.license = license;
    this.licenseHash = this.licenseHashOf(license);
    this.outbox.keepLicense(license);
    this.outbox.notify({ type: "license_changed", license });
    this.setLicenseProgress(renewedLicense(this.licenseProgress, licenseStateAt(license, now)));
  }

  /** A member's heartbeat was heard: what it holds of ours is here, or comes within two round trips. */
  mergedWith(areEqual: boolean, now: Millis): void {
    this.writesFrom = areEqual ? 0 : Math.min(this.writesFrom, now + LIMITS.repairMs);
  }

  /** Whether this clock is within ten minutes of the linked peers' median; `alone` where nobody is there to say. */
  clockTrust(): "agrees" | "differs" | "alone" {
    const skewsMs = this.liveLinks().flatMap(({ live }) => live.skewMs ?? []);
    if (skewsMs.length === 0) return "alone";
    return Math.abs(median(skewsMs)) <= LIMITS.versionAheadMs ? "agrees" : "differs";
  }

  keepEvidence(key: RecordKey, evidence: Equivocation): void {
    this.equivocations += 1;
    this.evidenceByKey.delete(key);
    this.evidenceByKey.set(key, evidence);
    keepLatest(this.evidenceByKey, LIMITS.evidenceKept);
  }

  /** True where the key was seen to be this peer's and found acceptable. */
  isKeyOf(peer: PeerId, publicKey: string): boolean {
    return this.keyByPeer.get(peer) === publicKey;
  }

  live(link: LinkId): LiveLink | undefined {
    const phase = this.links.get(link)?.phase;
    return phase?.type === "live" ? phase.live : undefined;
  }

  /** The link that stays for each peer. The same list until one comes or goes. */
  liveLinks(): readonly { readonly id: LinkId; readonly live: LiveLink }[] {
    this.#liveLinks ??= [...this.linkByPeer.values()].flatMap((id) => {
      const live = this.live(id);
      return live === undefined ? [] : [{ id, live }];
    });
    return this.#liveLinks;
  }

  /** How long the quickest peer took to answer: news take as long, at least, so who waits for them waits longer. At most 1.5 s. */
  get answersInMs(): number {
    const links = this.liveLinks();
    return links.length === 0 ? 0 : Math.min(LIMITS.slowestMs, ...links.map(({ live }) => live.slowMs));
  }

  /** The authenticated link that stays for a peer, or that none does any more. */
  setLinkOf(peer: PeerId, link: LinkId | undefined): void {
    if (link === undefined) this.linkByPeer.delete(peer);
    else this.linkByPeer.set(peer, link);
    this.#liveLinks = undefined;
  }

  /** A number from 0 up to 1, from the injected randomness. */
  random(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.crypto.randomBytes(4);
    return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 2 ** 32;
  }

  /** Some of a list, at random. */
  someOf<T>(items: readonly T[], count: number): T[] {
    const rest = [...items];
    for (let index = 0; index < Math.min(count, rest.length); index += 1) {
      const other = index + Math.floor(this.random() * (rest.length - index));
      const [a, b] = [rest[index], rest[other]];
      if (a === undefined || b === undefined) continue;
      rest[index] = b;
      rest[other] = a;
    }
    return rest.slice(0, count);
  }

  randomText(): string {
    return base64urlFromBytes(this.crypto.randomBytes(12));
  }
}

/** True for the records that say who belongs. */
export function touchesTrust(record: SignedRecord): boolean {
  return record.kind === "admission" || record.kind === "revocation" || (record.kind === "peer" && isTombstone(record));
}
