import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Peer, Service } from "@arctic/agent/client";

export interface Named {
  readonly id: string;
  readonly name: string;
}

/** What a completion knows of one cluster. No secret is in it. */
export interface Names {
  readonly cluster_id: string;
  /** RFC 3339. */
  readonly refreshed_at: string;
  readonly peers: readonly Named[];
  readonly services: readonly Named[];
}

/** The last names that were kept of the cluster; `undefined` where there are none that can be read. */
export function readNames(directory: string, clusterId: string): Names | undefined {
  try {
    const names: unknown = JSON.parse(readFileSync(pathOf(directory, clusterId), "utf8"));
    return isNames(names) && names.cluster_id === clusterId ? names : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces them in one step. Throws where the file cannot be written. */
export function writeNames(directory: string, names: Names): void {
  const path = pathOf(directory, names.cluster_id);
  const temporary = `${path}.${process.pid}`;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(temporary, JSON.stringify(names), { mode: 0o600 });
  renameSync(temporary, path);
}

export function namedPeers(peers: readonly Peer[]): Named[] {
  return peers.filter(({ state }) => state !== "left" && state !== "revoked").map(({ id, name }) => ({ id, name }));
}

export function namedServices(services: readonly Service[]): Named[] {
  return services.map(({ id, name }) => ({ id, name }));
}

function pathOf(directory: string, clusterId: string): string {
  return join(directory, `names-${clusterId}.json`);
}

function isNames(value: unknown): value is Names {
  return (
    value instanceof Object &&
    "refreshed_at" in value &&
    typeof value.refreshed_at === "string" &&
    "peers" in value &&
    isNamedList(value.peers) &&
    "services" in value &&
    isNamedList(value.services)
  );
}

function isNamedList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item?.id === "string" && typeof item?.name === "string");
}
