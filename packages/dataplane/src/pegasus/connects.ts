import { CONNECT_OUTCOMES, type ConnectOutcome, type Connects } from "../connect-outcomes.ts";
import type { ResetCode } from "./frame.ts";

/** What it means for a connection that does not stand yet that its flow ended so; undefined: both ends just closed. */
export function outcomeOf(code: ResetCode | undefined): ConnectOutcome {
  return code === undefined ? "cancelled" : OUTCOMES[code];
}

const OUTCOMES: Readonly<Record<ResetCode, ConnectOutcome>> = {
  connect_refused: "refused",
  connect_unreachable: "unreachable",
  connect_timeout: "timed_out",
  connect_failed: "failed",
  not_admitted: "not_admitted",
  cancelled: "cancelled",
  overloaded: "not_carried",
  stopping: "not_carried",
  link_lost: "not_carried",
};

export function sumOfConnects(a: Connects, b: Connects): Connects {
  const sum: Partial<Record<ConnectOutcome, number>> = { ...a };
  for (const outcome of CONNECT_OUTCOMES) {
    const count = b[outcome];
    if (count !== undefined) sum[outcome] = (sum[outcome] ?? 0) + count;
  }
  return sum;
}
