import { REJECTIONS } from "../../../packages/core/src/rejection.ts";

/** Every refusal with who is charged for it. */
export function faultVectors() {
  return {
    description: "Every refusal and whose fault it is: `sender` is charged to the link, `nobody` and `us` are not.",
    faults: Object.entries(REJECTIONS).map(([code, { fault }]) => ({ code, fault })),
  };
}
