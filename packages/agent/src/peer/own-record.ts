import { networkInterfaces } from "node:os";
import { canonicalJson, type JsonObject, type PeerBody } from "@arctic/core";
import type { DataplaneIdentity } from "@arctic/dataplane";
import { hostPortText, isLoopback } from "../transport/address.ts";

/** What the host knows of itself and says in its signed peer record. */
export interface OwnFacts {
  readonly addresses: readonly string[];
  readonly tlsFingerprint: string;
  readonly agentVersion: string;
  /** Absent while the data plane is not reached; what the record says of it then stays. */
  readonly dataplane: DataplaneIdentity | undefined;
}

/** The record's next body, or `undefined` where it says all of it already. Fields that are not named here stay. */
export function updatedPeerBody(current: PeerBody, facts: OwnFacts): PeerBody | undefined {
  const next: PeerBody = {
    ...current,
    addresses: [...facts.addresses],
    tls_fingerprint: facts.tlsFingerprint,
    agent_version: facts.agentVersion,
    ...(facts.dataplane === undefined ? {} : { pegasus: facts.dataplane.pegasus, tunnel: facts.dataplane.tunnel }),
  };
  return isSameBody(current, next) ? undefined : next;
}

/** A body as the record carries it. Zod's types know optional fields as possibly undefined; JSON has none of those. */
export function jsonFromBody(body: object): JsonObject {
  return JSON.parse(JSON.stringify(body)) as JsonObject;
}

function isSameBody(a: object, b: object): boolean {
  return canonicalJson(jsonFromBody(a)) === canonicalJson(jsonFromBody(b));
}

/** Links that the data plane made; their addresses are no way to this host. */
const OWN_LINKS = /^(arx-|svc-|tempest|arctic)/;

/** `host:port` for each address of the host's interfaces that another host could reach. */
export function interfaceAddresses(port: number): string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !OWN_LINKS.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ address, internal }) => !internal && !isLoopback(address) && !/^(169\.254\.|fe80:)/.test(address))
    .map(({ address }) => hostPortText({ host: address, port }))
    .sort()
    .slice(0, 16);
}
