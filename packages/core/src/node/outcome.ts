import type { SignedRecord } from "../registry/record.ts";
import type { Rejection } from "../rejection.ts";
import type { Result } from "../result.ts";
import type { Step } from "./cluster-node.ts";

/** What a step says beside its effects. */
type Outcome = Omit<Step, "effects">;

export function rejected(rejection: Rejection | undefined): Outcome {
  return rejection === undefined ? {} : { rejection };
}

export function written(result: Result<SignedRecord>): Outcome {
  return result.ok ? { record: result.value } : { rejection: result.rejection };
}
