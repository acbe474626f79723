import type { Credential, Peer } from "@arctic/agent/client";
import { table } from "./table.ts";

/** `peers` may be fewer than there are, where the caller may not read them. */
export function credentialsTable(credentials: readonly Credential[], peers: readonly Peer[]): string {
  const names = new Map(peers.map((peer) => [peer.id, peer.name]));
  return table(
    [
      { head: "client", cell: (one) => (one.is_current ? `${one.client_id} *` : one.client_id) },
      { head: "scopes", cell: (one) => scopesText(one.scopes) },
      { head: "shared", cell: (one) => (one.is_shared ? "yes" : "no") },
      { head: "made by", cell: (one) => names.get(one.created_by) ?? one.created_by },
      { head: "made at", cell: (one) => one.created_at },
      { head: "revoked at", cell: (one) => one.revoked_at ?? "-" },
    ],
    credentials,
  );
}

/** Scopes by their short names, as the flags take them. */
export function scopesText(scopes: readonly string[]): string {
  return scopes.map((scope) => scope.slice(scope.lastIndexOf(":") + 1)).join(",");
}
