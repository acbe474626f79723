import {
  type Client,
  type ClientAuth,
  createClient,
  fetchTlsFingerprint,
  parseEndpoint,
  type Trust,
} from "@arctic/agent/client";
import { isId, type PeerId } from "@arctic/core";
import type { GlobalFlags } from "../base-command.ts";
import {
  type Config,
  DEFAULT_TIMEOUT_SECONDS,
  endpointsOf,
  fingerprintsOf,
  type KnownCluster,
} from "../config/config.ts";
import { readConfig } from "../config/config-file.ts";
import { environmentOf } from "../environment.ts";
import { configFailure, EXIT, Failure, usageFailure } from "../failure.ts";
import { readPrivate } from "../files.ts";
import { failureFromClient } from "./client-failure.ts";
import { pickPeer } from "./pick.ts";
import { tokenFile } from "./token-file.ts";

/** A client that is ready to speak, and where its knowledge comes from. */
export interface Session {
  readonly client: Client;
  readonly config: Config;
  readonly configPath: string;
  /** The configured cluster that answers; absent where `--url` names an agent, which may be of another one. */
  readonly cluster: KnownCluster | undefined;
}

/**
 * From flags, then environment, then configuration. Throws a Failure with exit code 2 or 3 where something is missing.
 * A `public` session carries no secret, so it may speak to a server that is not known yet.
 */
export async function openSession(
  flags: GlobalFlags,
  kind: "authenticated" | "public" = "authenticated",
): Promise<Session> {
  const configPath = configPathOf(flags);
  const config = readConfig(configPath);
  const cluster = currentCluster(config);
  const endpoints = flags.url === undefined ? endpointsOfCluster(cluster, configPath) : [flags.url];
  const timeoutMs = timeoutMsOf(flags, config);
  const auth: ClientAuth = kind === "public" ? { type: "none" } : authOf(flags, cluster);
  const trust = await trustOf(flags, cluster, endpoints, timeoutMs, kind);
  const isConfigured = auth.type === "credentials" && cluster !== undefined;
  const client = createClient({
    endpoints,
    auth,
    timeoutMs,
    ...(trust === undefined ? {} : { trust }),
    ...(isConfigured ? { tokens: tokenFile(environmentOf().cacheDirectory, cluster) } : {}),
  });
  const answering = flags.peer === undefined ? undefined : await peerNamed(client, flags.peer);
  return {
    client: client.viaPeer(answering),
    config,
    configPath,
    cluster: flags.url === undefined ? cluster : undefined,
  };
}

export function configPathOf(flags: GlobalFlags): string {
  return flags.config ?? environmentOf().configPath;
}

export function currentCluster(config: Config): KnownCluster | undefined {
  return config.current_cluster === undefined ? undefined : config.clusters[config.current_cluster];
}

export function timeoutMsOf(flags: GlobalFlags, config: Config): number {
  return (flags.timeout ?? config.preferences.timeout ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
}

/** The secret given for this one call: recovery token before access token. `undefined` where none is given. */
export function givenAuth(flags: GlobalFlags): ClientAuth | undefined {
  const environment = environmentOf();
  const recovery =
    flags["recovery-token"] ?? environment.recoveryToken ?? recoveryTokenIn(flags["recovery-token-file"]);
  if (recovery !== undefined) return { type: "recovery", token: recovery };
  const token = flags.token ?? environment.token;
  return token === undefined ? undefined : { type: "token", token };
}

/** What the flags say of how to know a server. */
export function givenTrust(flags: GlobalFlags): Trust | undefined {
  if (flags["ca-file"] !== undefined) return { type: "ca_file", path: flags["ca-file"] };
  const text = flags["tls-fingerprint"];
  if (text === undefined) return undefined;
  const sha256 = text.toLowerCase().replaceAll(":", "");
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw usageFailure("--tls-fingerprint is not a SHA-256: 64 hex digits.");
  return { type: "fingerprints", sha256: [sha256] };
}

/** Usage failure where the text is not an agent's address. */
export function checkedEndpoint(text: string) {
  try {
    return parseEndpoint(text);
  } catch (error) {
    throw usageFailure(`${error instanceof Error ? error.message : String(error)}.`);
  }
}

function authOf(flags: GlobalFlags, cluster: KnownCluster | undefined): ClientAuth {
  const given = givenAuth(flags);
  if (given !== undefined) return given;
  if (cluster === undefined) return { type: "none" };
  return { type: "credentials", clientId: cluster.client_id, clientSecret: cluster.client_secret };
}

/** Nothing but plain HTTP on loopback goes without: a secret is sent only to a server that is known. */
async function trustOf(
  flags: GlobalFlags,
  cluster: KnownCluster | undefined,
  endpoints: readonly string[],
  timeoutMs: number,
  kind: "authenticated" | "public",
): Promise<Trust | undefined> {
  const parsed = endpoints.map(checkedEndpoint);
  const given = givenTrust(flags);
  if (given !== undefined) return given;
  const isPublicElsewhere = kind === "public" && flags.url !== undefined;
  if (cluster !== undefined && !isPublicElsewhere) return { type: "fingerprints", sha256: fingerprintsOf(cluster) };
  const [first] = parsed;
  if (first === undefined || parsed.every((endpoint) => !endpoint.isTls)) return undefined;
  const shown = await fetchTlsFingerprint(first.text, timeoutMs).catch((error: unknown) => {
    throw failureFromClient(error);
  });
  if (kind === "public") return { type: "fingerprints", sha256: [shown] };
  throw new Failure(
    EXIT.configuration,
    "TLS_UNKNOWN",
    `the certificate of ${first.text} is not known here; nothing was sent.`,
    {
      next: `It shows SHA-256 ${shown}. If the host confirms that: --tls-fingerprint ${shown}`,
      details: { tls_fingerprint: shown },
    },
  );
}

function endpointsOfCluster(cluster: KnownCluster | undefined, configPath: string): string[] {
  if (cluster === undefined) {
    throw configFailure(
      `${configPath} names no current cluster.`,
      "Choose one with arctic config use, make one with arctic bootstrap, or name an agent with --url.",
    );
  }
  const endpoints = endpointsOf(cluster);
  if (endpoints.length > 0) return endpoints;
  throw configFailure(`${configPath} knows no endpoint of ${cluster.cluster_id}.`, "Name an agent with --url.");
}

function recoveryTokenIn(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const text = readPrivate(path, "the recovery token file")?.trim();
  if (text === undefined || text === "") throw configFailure(`the recovery token file ${path} is missing or empty.`);
  return text;
}

async function peerNamed(client: Client, text: string): Promise<PeerId> {
  if (isId("peer", text)) return text;
  try {
    return pickPeer(await client.allPeers(), text).id;
  } catch (error) {
    client.close();
    throw failureFromClient(error);
  }
}
