import {
  type Bootstrap,
  type Bootstrapped,
  type ClientAuth,
  createClient,
  fetchTlsFingerprint,
  type Trust,
} from "@arctic/agent/client";
import type { KnownCluster } from "../config/config.ts";
import { EXIT, Failure } from "../failure.ts";
import { checkedEndpoint } from "./session.ts";

export interface BootstrapRequest {
  readonly url: string;
  readonly body: Bootstrap;
  /** How to know the server; `undefined` pins the certificate that it shows first. */
  readonly trust: Trust | undefined;
  readonly auth: ClientAuth;
  readonly timeoutMs: number;
}

export interface Founded {
  readonly reply: Bootstrapped;
  /** As the configuration keeps it. */
  readonly cluster: KnownCluster;
}

/** Bootstraps one host. The reply's secret is shown once: the caller must save it before anything else. */
export async function bootstrapHost(request: BootstrapRequest): Promise<Founded> {
  const endpoint = checkedEndpoint(request.url);
  const shown = endpoint.isTls ? await fetchTlsFingerprint(endpoint.text, request.timeoutMs) : undefined;
  const trust = request.trust ?? (shown === undefined ? undefined : { type: "fingerprints" as const, sha256: [shown] });
  const client = createClient({
    endpoints: [endpoint.text],
    auth: request.auth,
    timeoutMs: request.timeoutMs,
    ...(trust === undefined ? {} : { trust }),
  });
  try {
    const reply = await client.bootstrap(request.body);
    if (shown !== undefined && shown !== reply.tls_fingerprint) {
      throw new Failure(
        EXIT.authentication,
        "TLS_FINGERPRINT",
        `${endpoint.text} shows a certificate (SHA-256 ${shown}) that is not the agent's own (${reply.tls_fingerprint}).`,
        { next: "Something stands between this host and the agent. Treat the new client's secret as known to others." },
      );
    }
    return { reply, cluster: clusterFrom(reply, request.body.name, endpoint.text) };
  } finally {
    client.close();
  }
}

function clusterFrom(reply: Bootstrapped, name: string | undefined, endpoint: string): KnownCluster {
  return {
    cluster_id: reply.cluster_id,
    customer_id: reply.customer_id,
    client_id: reply.client_id,
    client_secret: reply.client_secret,
    default_peer: reply.peer_id,
    peers: [
      {
        peer_id: reply.peer_id,
        name: name ?? reply.peer_id,
        endpoints: [endpoint.replace(/^https:\/\//, "")],
        tls_fingerprint: reply.tls_fingerprint,
      },
    ],
  };
}
