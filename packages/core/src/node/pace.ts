import type { RecordKey } from "../registry/record.ts";
import type { Millis } from "../time.ts";

/** How far a link has come with what was sent on it. */
export interface Pace {
  /** Characters of records since the receiver was last known to have heard all. */
  chars: number;
  /** Since when no more is sent; the receiver is asked then whether it heard all. */
  fullAt: Millis | undefined;
  /** Of the ping whose answer says that all before it was heard. */
  nonce: string | undefined;
  /** What waits for its turn. What changes meanwhile is sent as it is then. */
  readonly waiting: Set<RecordKey>;
}

export function newPace(): Pace {
  return { chars: 0, fullAt: undefined, nonce: undefined, waiting: new Set() };
}
