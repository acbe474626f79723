import { type CreateService, createServiceSchema } from "@arctic/agent/client";
import * as Flags from "@oclif/core/flags";
import { usageFailure } from "./failure.ts";

/** What `services create` and `services update` have in common. */
export const serviceFlags = {
  name: Flags.string({ helpValue: "NAME", summary: "The service's name." }),
  transport: Flags.string({ options: ["tcp"], summary: "How TCP is carried between the peers." }),
  "requires-interface": Flags.boolean({
    allowNo: true,
    summary: "Give the service an address of its own on the source peer's LAN.",
  }),
  "desired-ipv4": Flags.string({ helpValue: "CIDR", summary: "That address, such as 10.0.0.9/24. Default: by DHCP." }),
  "desired-ipv6": Flags.string({ helpValue: "CIDR", summary: "That address for IPv6, such as fd00::9/64." }),
  "fully-transparent": Flags.boolean({
    allowNo: true,
    summary: "Let the destination see the client's own address. Needs --requires-interface.",
  }),
  "bandwidth-limit": Flags.integer({
    min: 0,
    max: 1_000_000,
    helpValue: "MBIT/S",
    summary: "At most so much, each direction for itself; 0 is no limit.",
  }),
};

export interface ServiceFlags {
  readonly name?: string | undefined;
  readonly transport?: string | undefined;
  readonly "requires-interface"?: boolean | undefined;
  readonly "desired-ipv4"?: string | undefined;
  readonly "desired-ipv6"?: string | undefined;
  readonly "fully-transparent"?: boolean | undefined;
  readonly "bandwidth-limit"?: number | undefined;
}

/** The fields that the flags name. Throws a usage failure for a value that the API would refuse. */
export function serviceFieldsFrom(
  flags: ServiceFlags,
): Omit<CreateService, "target_peer_id" | "source_peer_id" | "routes"> {
  const given = {
    name: flags.name,
    transport_type: flags.transport,
    requires_interface: flags["requires-interface"],
    desired_ipv4_cidr: flags["desired-ipv4"],
    desired_ipv6_cidr: flags["desired-ipv6"],
    fully_transparent: flags["fully-transparent"],
    bandwidth_limit_mbps: flags["bandwidth-limit"],
  };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const parsed = createServiceSchema
    .omit({ target_peer_id: true, source_peer_id: true, routes: true })
    .safeParse(present);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw usageFailure(`${flagOf[String(issue?.path[0])] ?? "a flag"} is wrong: ${issue?.message}.`);
}

const flagOf: Readonly<Record<string, string | undefined>> = {
  name: "--name",
  transport_type: "--transport",
  desired_ipv4_cidr: "--desired-ipv4",
  desired_ipv6_cidr: "--desired-ipv6",
  bandwidth_limit_mbps: "--bandwidth-limit",
};
