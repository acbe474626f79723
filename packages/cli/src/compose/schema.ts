import { parseCidr } from "@arctic/core";
import * as z from "zod";

const name = z.string().min(1).max(128);
const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/, "is not HOST:PORT (an IPv6 host in brackets)")
  .refine((text) => portOf(text) >= 1 && portOf(text) <= 65535, "has a port that is not 1 to 65535");
const cidr = z
  .string()
  .refine((text) => parseCidr(text) !== undefined, "is not a canonical CIDR, such as 10.0.0.0/8 or fd00::/48");

const routeSchema = z
  .strictObject({
    priority: z.int().min(-1_000_000).max(1_000_000).default(0),
    source_cidr: cidr.optional(),
    dest_cidr: cidr.optional(),
  })
  .refine((route) => route.source_cidr !== undefined || route.dest_cidr !== undefined, "needs source_cidr or dest_cidr")
  .refine(
    ({ source_cidr, dest_cidr }) =>
      source_cidr === undefined ||
      dest_cidr === undefined ||
      parseCidr(source_cidr)?.family === parseCidr(dest_cidr)?.family,
    "has a source_cidr and a dest_cidr of two families",
  );

const interfaceSchema = z.strictObject({
  enabled: z.boolean(),
  ipv4: z.cidrv4("is not an IPv4 address with its prefix length, such as 10.0.0.9/24").optional(),
  ipv6: z.cidrv6("is not an IPv6 address with its prefix length, such as fd00::9/64").optional(),
});

const serviceSchema = z
  .strictObject({
    name,
    source_peer: name,
    target_peer: name,
    transport_type: z.literal("tcp", "is not tcp, the only transport so far").default("tcp"),
    fully_transparent: z.boolean().default(false),
    interface: interfaceSchema.optional(),
    qos: z.strictObject({ bandwidth_limit_mbps: z.int().min(0).max(1_000_000) }).optional(),
    routes: z.array(routeSchema).max(256).default([]),
  })
  .refine(({ source_peer, target_peer }) => source_peer !== target_peer, {
    message: "is the source_peer too: they must differ",
    path: ["target_peer"],
  })
  .refine(
    (service) => service.interface?.enabled === true || service.routes.length > 0,
    "needs an enabled interface or a route",
  )
  .refine((service) => !service.fully_transparent || service.interface?.enabled === true, {
    message: "needs an enabled interface",
    path: ["fully_transparent"],
  });

const peerSchema = z.strictObject({ name, address, api_access: z.enum(["full", "internal"]).optional() });

const fileSchema = z.strictObject({
  version: z.literal("v1", "is not v1, the only version so far"),
  license: z.string().min(1).optional(),
  server: z
    .strictObject({
      peer: name.optional(),
      fallback_peer: name.optional(),
      features: z.strictObject({ webui: z.boolean().optional(), stun: z.boolean().optional() }).optional(),
    })
    .optional(),
  peers: z.array(peerSchema).min(1, "needs at least one peer"),
  services: z.array(serviceSchema).default([]),
});

/** A compose file, with defaults filled in. */
export type Compose = z.infer<typeof fileSchema>;
export type ComposePeer = Compose["peers"][number];
export type ComposeService = Compose["services"][number];

export interface ComposeIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The compose file in a parsed YAML value, or everything that is wrong with it. */
export function checkCompose(value: unknown): { compose: Compose } | { issues: readonly ComposeIssue[] } {
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) {
    return { issues: parsed.error.issues.map(({ path, message }) => ({ path, message: wording(message) })) };
  }
  const issues = referenceIssues(parsed.data);
  return issues.length === 0 ? { compose: parsed.data } : { issues };
}

/** `host:port`, as the API takes it. */
export function addressWithPort(text: string): string {
  return /:\d+$/.test(text) && !text.endsWith("]") ? text : `${text}:${DEFAULT_PORT}`;
}

const DEFAULT_PORT = 8080;

function portOf(text: string): number {
  return Number(/\]?:(\d+)$/.exec(text)?.[1] ?? DEFAULT_PORT);
}

function referenceIssues(compose: Compose): ComposeIssue[] {
  const peers = new Set(compose.peers.map((peer) => peer.name));
  const unknown = (path: PropertyKey[], peer: string | undefined): ComposeIssue[] =>
    peer === undefined || peers.has(peer) ? [] : [{ path, message: `is "${peer}", which is not among peers` }];
  const { server } = compose;
  return [
    ...repeated(compose.peers.map((peer) => peer.name)).map((index) => ({
      path: ["peers", index, "name"],
      message: "is used twice",
    })),
    ...repeated(compose.peers.map((peer) => addressWithPort(peer.address))).map((index) => ({
      path: ["peers", index, "address"],
      message: "is used twice",
    })),
    ...repeated(compose.services.map((service) => service.name)).map((index) => ({
      path: ["services", index, "name"],
      message: "is used twice",
    })),
    ...unknown(["server", "peer"], server?.peer),
    ...unknown(["server", "fallback_peer"], server?.fallback_peer),
    ...(server?.peer !== undefined && server.peer === server.fallback_peer
      ? [{ path: ["server", "fallback_peer"], message: "is the peer too: they must differ" }]
      : []),
    ...compose.services.flatMap((service, index) => [
      ...unknown(["services", index, "source_peer"], service.source_peer),
      ...unknown(["services", index, "target_peer"], service.target_peer),
    ]),
  ];
}

/** Indexes of values that an earlier one equals. */
function repeated(values: readonly string[]): number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []));
}

/** zod's own messages, as the end of a sentence that begins with the path. */
function wording(message: string): string {
  const unknownKey = /^Unrecognized keys?: (.*)$/.exec(message)?.[1];
  if (unknownKey !== undefined) return `has a field that does not exist: ${unknownKey}`;
  if (/received undefined$/.test(message)) return "is missing";
  const expected = /^Invalid input: expected (\w+), received (\w+)$/.exec(message);
  if (expected !== null) return `is ${expected[2]} where ${expected[1]} belongs`;
  return message.charAt(0).toLowerCase() + message.slice(1);
}
