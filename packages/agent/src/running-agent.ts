import { hostname } from "node:os";
import {
  base64urlFromBytes,
  type Crypto,
  type Identity,
  type License,
  type LicenseRoot,
  type NodeCrypto,
  type Notice,
} from "@arctic/core";
import { connectDataplane } from "@arctic/dataplane";
import { createApi } from "./api/app.ts";
import { hashSecret } from "./api/credential.ts";
import { Problem } from "./api/problem.ts";
import type { Bootstrap, Bootstrapped } from "./api/schema.ts";
import { type ApiServer, startApiServer } from "./api/server.ts";
import { bootstrapPeer, judgeLicense } from "./bootstrap.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { HashWatch } from "./metrics/hash-watch.ts";
import { createMeters } from "./metrics/meters.ts";
import { LocalPeer } from "./peer/local-peer.ts";
import { interfaceAddresses } from "./peer/own-record.ts";
import { ownPrivileges, postureOf } from "./posture.ts";
import type { AgentConfig } from "./settings.ts";
import { loadLicenseRoots } from "./state/license-roots.ts";
import { openState } from "./state/open-state.ts";
import { Recheck } from "./state/recheck.ts";
import { createNotingStore } from "./store/noting-store.ts";
import type { Facts } from "./store/store.ts";
import { parseHostPort, resolvePermitted } from "./transport/address.ts";
import { checkedAhead } from "./transport/checked-ahead.ts";
import { fingerprintOf } from "./transport/tls.ts";
import { createWebSocketTransport, type WebSocketTransport } from "./transport/websocket-transport.ts";
import { AGENT_VERSION } from "./version.ts";

export interface Powers {
  readonly clock: Clock;
  readonly crypto: Crypto & Partial<Pick<NodeCrypto, "verifyAhead">>;
  readonly log: Log;
  /** Told of what core notices, after the agent itself was. */
  readonly onNotice?: ((notice: Notice) => void) | undefined;
}

export interface AgentStatus {
  readonly phase: "stopped" | "fresh" | "bootstrapped";
  /** The port that API and gossip listen on; 0 while stopped. */
  readonly port: number;
  readonly tlsFingerprint: string | undefined;
  readonly peerId: string | undefined;
}

export interface RunningAgent {
  /** The configuration has changed. */
  configChanged(): void;
  stop(): Promise<void>;
  status(): AgentStatus;
}

const STOP_GRACE_MS = 2_000;

/** `config` answers with the present one; what cannot change while the agent runs is read once. Throws as `Agent.start`. */
export async function startRunning(config: () => AgentConfig, given: Powers): Promise<RunningAgent> {
  const { clock, log } = given;
  const fixed = config();
  const roots = loadLicenseRoots(fixed.licenseRootsPath);
  const recoveryToken = base64urlFromBytes(given.crypto.randomBytes(32));
  const state = openState(fixed.stateDir, recoveryToken, given);
  const meters = createMeters(clock);
  const crypto = meters.crypto(given.crypto);
  const powers = { clock, log, crypto };
  const store = createNotingStore(meters.store(state.store));
  const tlsFingerprint = fingerprintOf(state.tls.certificate);
  let server: ApiServer | undefined;
  let peer: LocalPeer | undefined;
  let recheck: Recheck | undefined;
  let port = fixed.apiPort;

  const addresses = () => {
    const { advertise } = config();
    return advertise.length > 0 ? advertise : interfaceAddresses(port);
  };
  const transport = createWebSocketTransport({
    clock,
    allowLoopback: fixed.allowLoopbackPeers,
    createLinkId: () => base64urlFromBytes(crypto.randomBytes(12)),
  });
  const checkAhead = async (text: string) => {
    if (peer !== undefined) await given.crypto.verifyAhead?.(peer.node.registry.signaturesIn(text));
  };
  const nextTurn = () => new Promise<void>((resolve) => void clock.after(0, resolve));
  const hashWatch = new HashWatch(clock, () => peer?.node);
  const stopAll = async () => {
    peer?.stop();
    transport.stop();
    hashWatch.stop();
    recheck?.stop();
    meters.stop();
    await server?.stop(STOP_GRACE_MS);
    store.close();
  };

  const run = (identity: Identity, facts: Facts, license: License) => {
    peer = new LocalPeer({
      ...powers,
      identity,
      facts,
      license,
      roots,
      store,
      transport: checkedAhead(transport, checkAhead, nextTurn),
      heartbeatEveryMs: fixed.heartbeatEveryMs,
      tlsFingerprint,
      agentVersion: AGENT_VERSION,
      apiPort: port,
      defaultAddresses: addresses,
      connectDataplane: () => connectDataplane(fixed.dataplaneSocket),
      meterNotice: (notice) => {
        meters.noticed(notice);
        given.onNotice?.(notice);
      },
    });
    peer.answerCalls((from, body) => api.answerRelayed(from, body));
    recheck = new Recheck({ node: peer.node, crypto: given.crypto, clock, log });
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
        stateDir: fixed.stateDir,
        heartbeatEveryMs: fixed.heartbeatEveryMs,
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
    resolve: (host) => resolvePermitted(host, fixed.allowLoopbackPeers),
    hostNames: () => [
      hostname().toLowerCase(),
      ...config().advertise.flatMap((text) => parseHostPort(text)?.host ?? []),
    ],
    outcomes: {
      stored: state.outcomes,
      noting: (request, work) => store.noting(request, work),
      keep: (change) => store.commit(change),
    },
    gauges: { meters, hashWatch, traffic: transport.traffic, invalidRecords: () => recheck?.invalid ?? [] },
  });

  try {
    server = await listen(fixed, clock, state.tls, transport, api);
    port = server.port;
    log.info("agent.listening", { port, version: AGENT_VERSION, tls_fingerprint: tlsFingerprint });
    logPosture(log, fixed, port, roots);
    const { identity, facts, license } = state;
    if (identity !== undefined && facts !== undefined && license !== undefined) run(identity, facts, license);
    else log.info("agent.waiting_for_bootstrap", { port });
  } catch (error) {
    await stopAll();
    throw error;
  }

  return {
    configChanged: () => peer?.hostChanged(),
    stop: () => stopAll().then(() => log.info("agent.stopped")),
    status: () => ({
      phase: peer === undefined ? "fresh" : "bootstrapped",
      port,
      tlsFingerprint,
      peerId: peer?.identity.peerId,
    }),
  };
}

/** The one line at a start that tells the host's owner what is open; at WARN where it is more than need be. */
function logPosture(log: Log, config: AgentConfig, port: number, roots: readonly LicenseRoot[]): void {
  const posture = postureOf(config, port, roots, ownPrivileges());
  if (posture.loosened.length > 0) log.warn("agent.security_posture", posture);
  else log.info("agent.security_posture", posture);
}

function listen(
  config: AgentConfig,
  clock: Clock,
  tls: Parameters<typeof startApiServer>[0]["tls"],
  transport: WebSocketTransport,
  api: ReturnType<typeof createApi>,
): Promise<ApiServer> {
  return startApiServer({
    clock,
    port: config.apiPort,
    host: config.apiHost,
    tls,
    allowPlain: config.plainHttp,
    onRequest: (request, response) => void api.answer(request, response),
    onUpgrade: (request, socket, head) => transport.acceptUpgrade(request, socket, head),
  });
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
