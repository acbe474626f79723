import { isJsonObject } from "../encoding/json.ts";
import { groupBy } from "../group-by.ts";
import * as LIMITS from "../limits.ts";
import { rejectionOf } from "../rejection.ts";
import { MINUTE_MS, type Millis } from "../time.ts";
import type { Connectivity } from "./connectivity.ts";
import type { Intake } from "./intake.ts";
import type { Link, LiveLink } from "./link.ts";
import type { Links } from "./links.ts";
import type { OwnRecords } from "./own-records.ts";
import type { NodeState } from "./state.ts";

/** The records of a frame: each goes where it belongs, and the link is charged for what is its sender's fault. */
export class Reception {
  readonly #state: NodeState;
  readonly #intake: Intake;
  readonly #own: OwnRecords;
  readonly #connectivity: Connectivity;
  readonly #links: Links;

  constructor(state: NodeState, intake: Intake, own: OwnRecords, connectivity: Connectivity, links: Links) {
    this.#state = state;
    this.#intake = intake;
    this.#own = own;
    this.#connectivity = connectivity;
    this.#links = links;
  }

  take(link: Link, live: LiveLink, records: readonly unknown[], now: Millis): void {
    if (now >= link.charged.since + MINUTE_MS) Object.assign(link.charged, { since: now, count: 0 });
    const kept = lastingOf(records);
    const faultsLeft = LIMITS.refusalsPerMinute - link.charged.count;
    const rejections = [...this.#intake.take(kept, link.id, now, faultsLeft).rejections];
    for (const record of this.#state.outrun.splice(0)) this.#own.reissueAbove(record, now);
    // A frame full of them is no more work than a few: only the newest of an owner counts.
    const soft =
      kept.length === records.length ? [] : records.filter(isConnectivity).slice(0, LIMITS.refusalsPerMinute);
    for (const record of soft) {
      const rejection = this.#connectivity.take(record, link.id, now);
      if (rejection !== undefined) rejections.push(rejection);
    }
    const news = rejections.filter(({ code }) => code !== "record_held" && code !== "record_superseded");
    for (const [code, [first, ...more]] of groupBy(news, (rejection) => rejection.code)) {
      if (first === undefined || code === "identity_cloned") continue;
      const count = 1 + more.length;
      this.#state.outbox.notify({ type: "refused", link: link.id, peer: live.peer, rejection: first, count });
    }
    link.charged.count += news.filter(({ fault }) => fault === "sender").length;
    if (link.charged.count > LIMITS.refusalsPerMinute) this.#links.end(link, rejectionOf("link_failures"), now);
  }
}

/** The records of a frame that are stored and hashed. */
export function lastingOf(records: readonly unknown[]): readonly unknown[] {
  return records.some(isConnectivity) ? records.filter((record) => !isConnectivity(record)) : records;
}

function isConnectivity(record: unknown): boolean {
  return isJsonObject(record) && record.kind === "connectivity";
}
