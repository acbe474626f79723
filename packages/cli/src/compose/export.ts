import type { Peer, Service } from "@arctic/agent/client";
import { EXIT, Failure } from "../failure.ts";
import { isEnded } from "./observe.ts";
import { escapeVariables } from "./variables.ts";

/** A compose file in its written form, as YAML or JSON take it. */
export type ComposeValue = Record<string, unknown>;

/** The cluster as a compose file: applied again, it changes nothing. Throws a Failure where the file could not say it. */
export function composeFrom(
  peers: readonly Peer[],
  services: readonly Service[],
  license: string | undefined,
): ComposeValue {
  const members = peers.filter((peer) => !isEnded(peer)).sort(byName);
  refuseTwins("peer", members);
  refuseTwins("service", services);
  const names = new Map(members.map((peer) => [peer.id, peer.name]));
  const server = entryOf(members, "server");
  const fallback = entryOf(members, "fallback");
  const value = {
    version: "v1",
    ...(license === undefined ? {} : { license }),
    ...(server === undefined && fallback === undefined
      ? {}
      : {
          server: {
            ...(server === undefined ? {} : { peer: server.name }),
            ...(fallback === undefined ? {} : { fallback_peer: fallback.name }),
          },
        }),
    peers: members.map((peer) => ({
      name: peer.name,
      address: addressOf(peer),
      ...(peer.api_access === "full" ? {} : { api_access: peer.api_access }),
    })),
    services: [...services].sort(byName).flatMap((service) => {
      const source = names.get(service.source_peer_id);
      const target = names.get(service.target_peer_id);
      // A service whose target has ended carries nothing and has no place in a file of members.
      return source === undefined || target === undefined ? [] : [serviceValue(service, source, target)];
    }),
  };
  return JSON.parse(JSON.stringify(value), (_, text) => (typeof text === "string" ? escapeVariables(text) : text));
}

function serviceValue(service: Service, source: string, target: string): ComposeValue {
  const { desired_ipv4_cidr: ipv4, desired_ipv6_cidr: ipv6 } = service;
  const hasInterface = service.requires_interface || ipv4 !== undefined || ipv6 !== undefined;
  return {
    name: service.name,
    source_peer: source,
    target_peer: target,
    transport_type: service.transport_type,
    ...(service.fully_transparent ? { fully_transparent: true } : {}),
    ...(hasInterface
      ? {
          interface: {
            enabled: service.requires_interface,
            ...(ipv4 === undefined ? {} : { ipv4 }),
            ...(ipv6 === undefined ? {} : { ipv6 }),
          },
        }
      : {}),
    ...(service.bandwidth_limit_mbps === 0 ? {} : { qos: { bandwidth_limit_mbps: service.bandwidth_limit_mbps } }),
    ...(service.routes.length === 0
      ? {}
      : {
          routes: service.routes.map(({ priority, source_cidr, dest_cidr }) => ({
            priority,
            ...(source_cidr === undefined ? {} : { source_cidr }),
            ...(dest_cidr === undefined ? {} : { dest_cidr }),
          })),
        }),
  };
}

/** The latest claim wins. */
function entryOf(peers: readonly Peer[], role: "server" | "fallback"): Peer | undefined {
  return peers
    .filter((peer) => peer.entry?.role === role)
    .sort((a, b) => (b.entry?.claimed_at ?? "").localeCompare(a.entry?.claimed_at ?? ""))[0];
}

function addressOf(peer: Peer): string {
  const address = peer.address ?? peer.addresses[0];
  if (address !== undefined) return address;
  throw new Failure(EXIT.general, "NOT_EXPORTABLE", `${peer.name} (${peer.id}) announces no address.`, {
    next: `Give it one: arctic peers update ${peer.id} --address HOST:PORT`,
  });
}

function refuseTwins(what: "peer" | "service", items: readonly { readonly id: string; readonly name: string }[]): void {
  const seen = new Map<string, string>();
  for (const { id, name } of items) {
    const twin = seen.get(name);
    if (twin !== undefined) {
      throw new Failure(EXIT.general, "NOT_EXPORTABLE", `the ${what}s ${twin} and ${id} are both named "${name}".`, {
        next: `A compose file needs unique names: arctic ${what}s update ${id} --name OTHER`,
      });
    }
    seen.set(name, id);
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
