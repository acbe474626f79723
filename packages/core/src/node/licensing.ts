import type { JsonValue } from "../encoding/json.ts";
import type { MessageOf } from "../gossip/message.ts";
import type { PeerId } from "../identity/id.ts";
import { checkLicense, isSuccessor, type License } from "../license/license.ts";
import { advanceLicense, LICENSE_TICK_MS, licenseStateAt } from "../license/license-state.ts";
import { isTombstone } from "../registry/record.ts";
import { type Rejection, rejectionOf } from "../rejection.ts";
import { accept, type Result, refuse } from "../result.ts";
import { MINUTE_MS, type Millis, msFromRfc3339 } from "../time.ts";
import type { LinkId } from "./input.ts";
import type { NodeState } from "./state.ts";

/** A hash that a heartbeat named and that is not known here: when and of whom it was asked for, and whether that is settled. */
interface Asked {
  at: Millis;
  readonly peers: Set<PeerId>;
  tries: number;
  isSettled: boolean;
}

const ASK_AGAIN_MS = 2 * MINUTE_MS;
const TRIES = 8;
const HASHES_REMEMBERED = 64;

/** The license that holds here: its state, its pull from neighbours, and what it forbids. */
export class Licensing {
  readonly #state: NodeState;
  readonly #askedByHash = new Map<string, Asked>();
  #tickedAt: Millis;

  constructor(state: NodeState) {
    this.#state = state;
    this.#tickedAt = state.startedAt;
  }

  /** The clock was set: the time that it skipped is no running time. */
  shift(byMs: number): void {
    this.#tickedAt += byMs;
  }

  get wakeAt(): Millis {
    return this.#tickedAt + LICENSE_TICK_MS;
  }

  wake(now: Millis): void {
    if (now < this.wakeAt) return;
    const elapsedMs = now - this.#tickedAt;
    this.#tickedAt = now;
    const skewsMs = this.#state.liveLinks().flatMap(({ live }) => live.skewMs ?? []);
    const byDates = licenseStateAt(this.#state.license, now);
    this.#state.setLicenseProgress(advanceLicense(this.#state.licenseProgress, { byDates, elapsedMs, skewsMs }));
  }

  /** A license that an operator put in. */
  put(document: unknown, now: Millis): Rejection | undefined {
    const checked = this.#checked(document);
    if (!checked.ok) return checked.rejection;
    if (!isSuccessor(this.#state.license, checked.value)) return rejectionOf("license_not_successor");
    this.#state.setLicense(checked.value, now);
    return undefined;
  }

  /**
   * A license difference in a member's heartbeat is the one thing that leads to a pull. A hash is asked for once; where
   * no answer came it is asked for again after two minutes, eight times at most, of whoever names it then, and of
   * everybody who was not asked yet, so that one who never answers does not stand before the others.
   */
  pull(link: LinkId, peer: PeerId, message: MessageOf<"heartbeat">, now: Millis): void {
    const { license, licenseHash } = this.#state;
    if (!this.#state.isMember(peer)) return;
    const { license_hash: hash, license_issued_at: issuedAt } = message;
    if (hash === undefined || issuedAt === undefined || hash === licenseHash) return;
    if ((msFromRfc3339(issuedAt) ?? 0) <= (msFromRfc3339(license.issued_at) ?? 0)) return;
    const asked = this.#askedByHash.get(hash);
    if (asked !== undefined && (asked.isSettled || now < asked.at + ASK_AGAIN_MS)) return;
    if (asked !== undefined && asked.tries >= TRIES && asked.peers.has(peer)) return;
    const [oldest] = this.#askedByHash.keys();
    if (asked === undefined && this.#askedByHash.size >= HASHES_REMEMBERED && oldest !== undefined)
      this.#askedByHash.delete(oldest);
    const peers = (asked?.peers ?? new Set()).add(peer);
    this.#askedByHash.set(hash, { at: now, peers, tries: (asked?.tries ?? 0) + 1, isSettled: false });
    this.#state.outbox.send(link, { type: "license_wanted", hash });
  }

  answer(link: LinkId, hash: string): void {
    const { license, licenseHash, outbox } = this.#state;
    if (hash === licenseHash) outbox.send(link, { type: "license", document: license as never });
  }

  /** A license that a neighbour sent: taken where it succeeds the one that is held. True where it was. */
  take(document: JsonValue, now: Millis): boolean {
    const checked = this.#checked(document);
    // What was asked for and is no successor will not become one.
    if (checked.ok) this.#settle(this.#state.licenseHashOf(checked.value));
    if (!checked.ok || !isSuccessor(this.#state.license, checked.value)) return false;
    this.#state.setLicense(checked.value, now);
    return true;
  }

  #settle(hash: string): void {
    const asked = this.#askedByHash.get(hash);
    if (asked !== undefined) asked.isSettled = true;
  }

  #checked(document: unknown): Result<License> {
    const checked = checkLicense(this.#state.crypto, this.#state.roots, document);
    if (!checked.ok) return checked;
    return checked.value.customer_id === this.#state.customerId ? checked : refuse("license_customer_mismatch");
  }
}

/** What an operator may always write: the end of a peer or a credential, and the peer's word about itself. */
const ALWAYS_ALLOWED: ReadonlySet<string> = new Set(["revocation", "peer"]);

/** Refuses an operator's write where the license does not allow it any more. */
export function checkLicensed(state: NodeState, kind: string): Result<undefined> {
  const { state: name } = state.licenseProgress;
  const isClosed = name === "read_only" || name === "suspended";
  if (!isClosed || ALWAYS_ALLOWED.has(kind)) return accept(undefined);
  return refuse("license_expired", `it expired at ${state.license.expires_at}: put in its successor`);
}

/** Refuses one service more than the license allows in the whole cluster. */
export function checkServiceLimit(state: NodeState): Result<undefined> {
  let count = 0;
  for (const { record } of state.registry.ofKind("service")) if (!isTombstone(record)) count += 1;
  const { max_services } = state.license;
  return count < max_services
    ? accept(undefined)
    : refuse("service_limit_exceeded", `${count} of ${max_services}: delete one, or put in a larger license`);
}
