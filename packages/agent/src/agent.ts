import * as nodeCrypto from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { base64urlFromBytes, type Crypto, cryptoFromNode, type Identity, type License } from "@arctic/core";
import { connectDataplane } from "@arctic/dataplane";
import { getRequestListener } from "@hono/node-server";
import { createApi } from "./api/app.ts";
import { hashSecret } from "./api/credential.ts";
import { Problem } from "./api/problem.ts";
import type { Bootstrap, Bootstrapped } from "./api/schema.ts";
import { type ApiServer, startApiServer } from "./api/server.ts";
import { bootstrapPeer, judgeLicense } from "./bootstrap.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { AgentConfig } from "./config.ts";
import { createLog, type Log } from "./log.ts";
import { LocalPeer } from "./peer/local-peer.ts";
import { interfaceAddresses } from "./peer/own-record.ts";
import { loadLicenseRoots } from "./state/license-roots.ts";
import { loadIdentity } from "./state/peer-key.ts";
import { prepareStateDir, replaceSecretFile } from "./state/secret-file.ts";
import { loadTlsIdentity } from "./state/tls-files.ts";
import { openSqliteStore } from "./store/sqlite-store.ts";
import type { Facts, Store } from "./store/store.ts";
import { parseHostPort, resolvePermitted } from "./transport/address.ts";
import { fingerprintOf } from "./transport/tls.ts";
import { createWebSocketTransport, type WebSocketTransport } from "./transport/websocket-transport.ts";
import { AGENT_VERSION } from "./version.ts";

/** What an agent takes from outside beside its configuration. Left out, it is the host's own. */
export interface AgentParts {
  readonly clock?: Clock;
  readonly crypto?: Crypto;
  /** Takes each finished log line; standard error where left out. */
  readonly writeLog?: (line: string) => void;
}

export interface AgentStatus {
  readonly phase: "stopped" | "fresh" | "bootstrapped";
  /** The port that API and gossip listen on; 0 while stopped. */
  readonly port: number;
  readonly tlsFingerprint: string | undefined;
  readonly peerId: string | undefined;
}

export interface Agent {
  /** Throws an Error that says what is wrong with the host's state or configuration; then nothing runs. */
  start(): Promise<void>;
  /** Ends within five seconds; what was acknowledged stays. */
  stop(): Promise<void>;
  status(): AgentStatus;
}

/** The composition root: every power enters here. */
export function createAgent(config: AgentConfig, parts: AgentParts = {}): Agent {
  const clock = parts.clock ?? systemClock;
  const crypto = parts.crypto ?? cryptoFromNode(nodeCrypto);
  const write = parts.writeLog ?? ((line: string) => void process.stderr.write(line));
  const log = createLog({ format: config.logFormat, level: config.logLevel, write });
  let running: Running | undefined;

  return {
    async start() {
      if (running !== undefined) throw new Error("the agent runs already");
      running = await startRunning(config, { clock, crypto, log });
    },
    async stop() {
      const ending = running;
      running = undefined;
      await ending?.stop();
    },
    status: () => running?.status() ?? { phase: "stopped", port: 0, tlsFingerprint: undefined, peerId: undefined },
  };
}

interface Powers {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly log: Log;
}

interface Running {
  stop(): Promise<void>;
  status(): AgentStatus;
}

const STOP_GRACE_MS = 2_000;

async function startRunning(config: AgentConfig, powers: Powers): Promise<Running> {
  const { clock, crypto, log } = powers;
  prepareStateDir(config.stateDir);
  const roots = loadLicenseRoots(config.licenseRootsPath);
  const tls = loadTlsIdentity(config.stateDir, crypto.randomBytes(16));
  const tlsFingerprint = fingerprintOf(tls.certificate);
  const recoveryToken = base64urlFromBytes(crypto.randomBytes(32));
  const store = openSqliteStore(join(config.stateDir, "arctic.sqlite"));
  let server: ApiServer | undefined;
  let peer: LocalPeer | undefined;
  let port = config.apiPort;

  const addresses = () => (config.advertise.length > 0 ? config.advertise : interfaceAddresses(port));
  const transport = createWebSocketTransport({
    clock,
    allowLoopback: config.allowLoopbackPeers,
    createLinkId: () => base64urlFromBytes(crypto.randomBytes(12)),
  });
  const run = (identity: Identity, facts: Facts, license: License) => {
    peer = new LocalPeer({
      ...powers,
      identity,
      facts,
      license,
      roots,
      store,
      transport,
      heartbeatEveryMs: config.heartbeatEveryMs,
      tlsFingerprint,
      agentVersion: AGENT_VERSION,
      apiPort: port,
      defaultAddresses: addresses,
      connectDataplane: () => connectDataplane(config.dataplaneSocket),
    });
    peer.answerCalls((from, body) => api.answerRelayed(from, body));
    peer.start();
    log.info("peer.started", { peer_id: facts.peer_id, cluster_id: peer.node.cluster.id });
  };
  const bootstrap = (request: Bootstrap, isTrusted: boolean): Bootstrapped => {
    if (peer !== undefined) throw alreadyBootstrapped(peer);
    const now = clock.now();
    const { license, isRootLimited } = judgeLicense(crypto, roots, request.license, now);
    if (!isTrusted && !isRootLimited) throw notFromThere(license);
    const made = bootstrapPeer(
      {
        crypto,
        roots,
        store,
        stateDir: config.stateDir,
        heartbeatEveryMs: config.heartbeatEveryMs,
        hostName: hostname(),
        addresses: addresses(),
        tlsFingerprint,
        agentVersion: AGENT_VERSION,
      },
      license,
      request,
      now,
    );
    log.warn("peer.bootstrapped", {
      peer_id: made.facts.peer_id,
      cluster_id: made.facts.cluster_id,
      customer_id: made.facts.customer_id,
    });
    run(made.identity, made.facts, made.license);
    return made.reply;
  };
  const api = createApi({
    clock,
    log,
    crypto,
    peer: () => peer,
    bootstrap,
    recoveryHash: hashSecret(recoveryToken),
    tlsFingerprint,
    agentVersion: AGENT_VERSION,
    resolve: (host) => resolvePermitted(host, config.allowLoopbackPeers),
    hostNames: () => [hostname().toLowerCase(), ...config.advertise.flatMap((text) => parseHostPort(text)?.host ?? [])],
  });

  try {
    const stored = store.load();
    const identity = loadIdentity(config.stateDir, stored.facts, crypto);
    replaceSecretFile(join(config.stateDir, "recovery.token"), recoveryToken);
    server = await listen(config, clock, tls, transport, api);
    port = server.port;
    log.info("agent.listening", { port, version: AGENT_VERSION, tls_fingerprint: tlsFingerprint });
    if (identity !== undefined && stored.facts !== undefined) {
      if (stored.license === undefined)
        throw new Error("the database holds a peer without its license: restore it from a backup");
      run(identity, stored.facts, stored.license);
    } else log.info("agent.waiting_for_bootstrap", { port });
  } catch (error) {
    await stopAll(server, peer, transport, store);
    throw error;
  }

  return {
    stop: () => stopAll(server, peer, transport, store).then(() => log.info("agent.stopped")),
    status: () => ({
      phase: peer === undefined ? "fresh" : "bootstrapped",
      port,
      tlsFingerprint,
      peerId: peer?.identity.peerId,
    }),
  };
}

function listen(
  config: AgentConfig,
  clock: Clock,
  tls: Parameters<typeof startApiServer>[0]["tls"],
  transport: WebSocketTransport,
  api: ReturnType<typeof createApi>,
): Promise<ApiServer> {
  const onRequest = getRequestListener(
    (request, env) => api.fetch(request, env as { incoming: import("node:http").IncomingMessage }),
    {
      overrideGlobalObjects: false,
    },
  );
  return startApiServer({
    clock,
    port: config.apiPort,
    host: config.apiHost,
    tls,
    allowPlain: config.plainHttp,
    onRequest: (request, response) => void onRequest(request, response),
    onUpgrade: (request, socket, head) => transport.acceptUpgrade(request, socket, head),
  });
}

async function stopAll(
  server: ApiServer | undefined,
  peer: LocalPeer | undefined,
  transport: WebSocketTransport,
  store: Store,
): Promise<void> {
  peer?.stop();
  transport.stop();
  await server?.stop(STOP_GRACE_MS);
  store.close();
}

function alreadyBootstrapped(peer: LocalPeer): Problem {
  const { peer_id } = peer.facts;
  return new Problem("ALREADY_BOOTSTRAPPED", `this host is the peer ${peer_id} already`, { peer_id });
}

function notFromThere(license: License): Problem {
  return new Problem(
    "FORBIDDEN",
    `the root ${license.key_id} may sign for every customer, so only this host itself may bootstrap by it: run the command there, or use the recovery token`,
  );
}
