import type { ApiContext, RequestOrigin } from "./context.ts";
import type { OperationName } from "./operations.ts";
import type { Answer } from "./relay.ts";
import type { Caller } from "./token.ts";

/** A write as the log keeps it: who, from where, what, to which thing, and what it came to. Never its body. */
export interface AuditedWrite {
  readonly operation: OperationName;
  readonly caller: Caller | undefined;
  readonly origin: RequestOrigin;
  readonly requestId: string;
  readonly params: unknown;
}

/** One line a write, `audit.` and the operation's name; `facts` name what it made. */
export function logWrite(context: ApiContext, write: AuditedWrite, answer: Answer, facts: object): void {
  const { operation, caller, origin, requestId, params } = write;
  const event = `audit.${operation.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  const fields = {
    by: callerName(caller),
    ...(origin.type === "relay" ? { relayed_by: origin.from } : { remote_address: origin.remoteAddress }),
    ...(requestId === "" ? {} : { request_id: requestId }),
    ...(params instanceof Object ? params : {}),
    ...facts,
    status: answer.status,
  };
  if (answer.status < 400) context.log.info(event, fields);
  else context.log.warn(event, fields);
}

export function callerName(caller: Caller | undefined): string {
  return caller === undefined ? "nobody" : (caller.clientId ?? "the recovery token");
}
