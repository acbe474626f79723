import { createHash } from "node:crypto";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KeptToken, TokenStore } from "@arctic/agent/client";
import type { KnownCluster } from "../config/config.ts";
import { readPrivate } from "../files.ts";

/**
 * The cluster's access token in a file for its owner alone, so that not each command asks for one of its own. It opens for
 * an hour what the secret in the configuration opens for good. A token that was got by another secret is not used, and one
 * that the agent refuses is replaced; a file that cannot be read or written is as if there were none.
 */
export function tokenFile(directory: string, cluster: KnownCluster): TokenStore {
  const path = join(directory, `token-${cluster.cluster_id}.json`);
  const from = createHash("sha256").update(`${cluster.client_id} ${cluster.client_secret}`).digest("base64url");
  return {
    read: () => {
      try {
        const kept: unknown = JSON.parse(readPrivate(path, "the token") ?? "null");
        return isKept(kept) && kept.from === from ? kept : undefined;
      } catch {
        return undefined;
      }
    },
    keep: (token) => {
      try {
        const temporary = `${path}.${process.pid}`;
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        writeFileSync(temporary, JSON.stringify({ ...token, from }), { mode: 0o600 });
        renameSync(temporary, path);
      } catch {
        // The next command asks for a token of its own.
      }
    },
  };
}

/** Forgets the token with the cluster that it opens. */
export function forgetToken(directory: string, clusterId: string): void {
  rmSync(join(directory, `token-${clusterId}.json`), { force: true });
}

function isKept(value: unknown): value is KeptToken & { readonly from: unknown } {
  return (
    value instanceof Object &&
    "from" in value &&
    "renewAt" in value &&
    typeof value.renewAt === "number" &&
    "value" in value &&
    value.value instanceof Object &&
    "access_token" in value.value &&
    typeof value.value.access_token === "string"
  );
}
