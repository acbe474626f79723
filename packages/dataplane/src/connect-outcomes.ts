/** How a service's TCP connections end up, each counted once: when it stands, or when it is known that it never will. */
export const CONNECT_OUTCOMES = [
  "connected",
  /** By the destination, with a reset. */
  "refused",
  /** The exit has no way to the destination. */
  "unreachable",
  /** The destination did not answer the exit. */
  "timed_out",
  /** The exit could not try. */
  "failed",
  /** The exit does not let it out. */
  "not_admitted",
  /** The service refuses, or there is no link to the other end, or it was lost. */
  "not_carried",
  /** The client went away before. */
  "cancelled",
] as const;
export type ConnectOutcome = (typeof CONNECT_OUTCOMES)[number];

/** How often each was counted; without those that never were. */
export type Connects = Readonly<Partial<Record<ConnectOutcome, number>>>;
