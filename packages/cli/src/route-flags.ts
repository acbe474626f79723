import { type RouteInput, routeInputSchema } from "@arctic/agent/client";
import { parseCidr } from "@arctic/core";
import * as Flags from "@oclif/core/flags";
import { usageFailure } from "./failure.ts";

export const routeFlags = {
  "source-cidr": Flags.string({ helpValue: "CIDR", summary: "Traffic from this network." }),
  "dest-cidr": Flags.string({ helpValue: "CIDR", summary: "Traffic to this network." }),
};

/** Throws a usage failure where a CIDR is not canonical or both are missing. */
export function routeFrom(given: {
  readonly priority: number;
  readonly source_cidr: string | undefined;
  readonly dest_cidr: string | undefined;
}): RouteInput {
  const { priority, source_cidr, dest_cidr } = given;
  if (source_cidr === undefined && dest_cidr === undefined) {
    throw usageFailure("a route needs a network.", "Add --source-cidr, --dest-cidr or both.");
  }
  for (const [flag, cidr] of [["--source-cidr", source_cidr] as const, ["--dest-cidr", dest_cidr] as const]) {
    if (cidr !== undefined && parseCidr(cidr) === undefined) {
      throw usageFailure(
        `${flag} ${cidr} is not a canonical CIDR.`,
        "Such as 10.0.0.0/8 or fd00::/48: no leading zeros, no host bits.",
      );
    }
  }
  const parsed = routeInputSchema.safeParse({
    priority,
    ...(source_cidr === undefined ? {} : { source_cidr }),
    ...(dest_cidr === undefined ? {} : { dest_cidr }),
  });
  if (parsed.success) return parsed.data;
  throw usageFailure(`the route is wrong: ${parsed.error.issues[0]?.message}.`);
}
