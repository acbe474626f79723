import type { Peer, Route, Service, Traffic } from "@arctic/agent/client";
import { colorOfState, type Paint } from "./color.ts";
import { bytesText, yesNo } from "./format.ts";
import { fields, table } from "./table.ts";

/** Names of peers by their ids; an id without a name stands for itself. */
export type NameById = ReadonlyMap<string, string>;

export function namesOf(peers: readonly Peer[]): NameById {
  return new Map(peers.map((peer) => [peer.id, peer.name]));
}

export function servicesTable(services: readonly Service[], names: NameById, paint?: Paint): string {
  return table(
    [
      { head: "name", cell: (service) => service.name },
      { head: "from", cell: (service) => nameOf(service.source_peer_id, names) },
      { head: "to", cell: (service) => nameOf(service.target_peer_id, names) },
      { head: "state", cell: stateText, color: colorOfState },
      { head: "interface", cell: interfaceText },
      { head: "routes", cell: (service) => String(service.routes.length), align: "right" },
      { head: "limit", cell: limitText, align: "right" },
      { head: "id", cell: (service) => service.id },
    ],
    services,
    paint,
  );
}

export function serviceText(service: Service, names: NameById): string {
  const head = fields([
    ["id", service.id],
    ["name", service.name],
    ["from", `${nameOf(service.source_peer_id, names)} (${service.source_peer_id})`],
    ["to", `${nameOf(service.target_peer_id, names)} (${service.target_peer_id})`],
    ["state", stateText(service)],
    ["reason", service.reason],
    ["answering peer", roleText(service)],
    ["TCP between peers", service.transport_type],
    ["interface", interfaceText(service)],
    ["transparent", yesNo(service.fully_transparent)],
    ["limit", limitText(service)],
    ["created", service.created_at],
    ...(service.traffic === undefined ? [] : trafficPairs(service.traffic)),
  ]);
  return service.routes.length === 0 ? head : `${head}\n\n${routesTable(service.routes)}`;
}

export function routesTable(routes: readonly Route[]): string {
  return table(
    [
      { head: "route", cell: (route) => String(route.route_id), align: "right" },
      { head: "priority", cell: (route) => String(route.priority), align: "right" },
      { head: "source", cell: (route) => route.source_cidr ?? "any" },
      { head: "destination", cell: (route) => route.dest_cidr ?? "any" },
    ],
    routes,
  );
}

function trafficPairs({ pegasus, tempest }: Traffic): [string, string][] {
  return [
    [
      "Pegasus (TCP)",
      `${pegasus.flows_open} flows open of ${pegasus.flows_total}, ${bytesText(pegasus.bytes_in)} from clients, ${bytesText(pegasus.bytes_out)} to clients`,
    ],
    [
      "Tempest (rest)",
      `${tempest.packets_in} packets (${bytesText(tempest.bytes_in)}) from clients, ${tempest.packets_out} packets (${bytesText(tempest.bytes_out)}) to clients`,
    ],
  ];
}

function nameOf(peerId: string, names: NameById): string {
  return names.get(peerId) ?? peerId;
}

function stateText(service: Service): string {
  return service.local_role === "none" ? "not here" : service.state;
}

function roleText(service: Service): string {
  switch (service.local_role) {
    case "entry":
      return "is the source: traffic enters here";
    case "exit":
      return "is the target: traffic leaves here";
    case "none":
      return "carries none of it; ask its source with --peer";
  }
}

function interfaceText(service: Service): string {
  if (!service.requires_interface) return "-";
  const addresses = [service.desired_ipv4_cidr, service.desired_ipv6_cidr].filter((text) => text !== undefined);
  return addresses.length === 0 ? "by DHCP" : addresses.join(", ");
}

function limitText(service: Service): string {
  return service.bandwidth_limit_mbps === 0 ? "-" : `${service.bandwidth_limit_mbps} Mbit/s`;
}
