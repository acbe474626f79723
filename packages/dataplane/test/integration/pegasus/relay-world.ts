import { once } from "node:events";
import net from "node:net";
import { parseSocketAddress } from "../../../src/cidr.ts";
import { createLinkIdentity } from "../../../src/pegasus/certificate.ts";
import type { ResetCode } from "../../../src/pegasus/frame.ts";
import { Limiter, type LimiterClock } from "../../../src/pegasus/limiter.ts";
import type { Link } from "../../../src/pegasus/link.ts";
import { LinkServer } from "../../../src/pegasus/link-server.ts";
import { PeerLinks } from "../../../src/pegasus/peer-links.ts";
import type { RelayEngine, RelayWatcher } from "../../../src/pegasus/relay-engine.ts";

/**
 * A relay over real sockets on loopback, without root: client - accepted - link - dialled - server. What Pegasus adds to
 * it (capture, matching, admission, transparent sources) is left out; the system tests have it.
 */

export interface Side {
  /** How often it was told that the connection stands. */
  connected: number;
  fromSocket: number;
  toSocket: number;
  /** One for each flow that ended: its reason, or `done`. */
  readonly finished: (ResetCode | "done")[];
}

export interface RelayWorld {
  readonly entry: Side;
  readonly exit: Side;
  readonly limits: { readonly entry: Limiter; readonly exit: Limiter };
  /** A client that is connected through the relay to that port. */
  connect(serverPort: number): Promise<net.Socket>;
  link(): Link | undefined;
  close(): Promise<void>;
}

export const CLOCK: LimiterClock = {
  nowMs: () => performance.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, Math.ceil(delayMs));
    return () => clearTimeout(timer);
  },
};

export async function createRelayWorld(engine: RelayEngine): Promise<RelayWorld> {
  const identities = { entry: createLinkIdentity(new Date()), exit: createLinkIdentity(new Date()) };
  const linkPort = await freePort();
  const entry: Side = { connected: 0, fromSocket: 0, toSocket: 0, finished: [] };
  const exit: Side = { connected: 0, fromSocket: 0, toSocket: 0, finished: [] };
  const limits = { entry: new Limiter(CLOCK), exit: new Limiter(CLOCK) };
  const server = await LinkServer.listen({
    identity: identities.exit,
    port: linkPort,
    isKnown: (fingerprint) => fingerprint === identities.entry.tlsFingerprint,
    onOpen: (flow) => {
      const { port } = flow.request.destination;
      engine.relay({
        end: { type: "dial", host: "127.0.0.1", port, timeoutMs: 5000 },
        flow,
        limit: limits.exit,
        watcher: watcherOf(exit),
      });
    },
  });
  const peer = {
    peerId: "peer_01ARZ3NDEKTSV4RRFFQ69G5FAA",
    addresses: ["127.0.0.1"],
    port: linkPort,
    tlsFingerprint: identities.exit.tlsFingerprint,
  };
  const links = new PeerLinks(peer, { identity: identities.entry, count: 1, random: Math.random });
  await new Promise<void>((resolve, reject) =>
    links.whenUp(5000, (link) => (link === undefined ? reject(new Error(links.lastError)) : resolve())),
  );
  let serverPort = 0;
  const capture = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    const link = links.pick();
    const address = parseSocketAddress("127.0.0.1");
    if (link === undefined || address === undefined) return void socket.destroy();
    const flow = link.mux.open({
      serviceId: "svc_01ARZ3NDEKTSV4RRFFQ69G5FAV",
      source: { address, port: socket.remotePort ?? 0 },
      destination: { address, port: serverPort },
      transparent: false,
      byInterface: false,
    });
    engine.relay({ end: { type: "accepted", socket }, flow, limit: limits.entry, watcher: watcherOf(entry) });
  });
  const capturePort = await listen(capture);
  return {
    entry,
    exit,
    limits,
    connect: async (port) => {
      serverPort = port;
      const socket = net.connect({ port: capturePort, host: "127.0.0.1", allowHalfOpen: true });
      await once(socket, "connect");
      return socket;
    },
    link: () => links.pick(),
    close: async () => {
      links.close("the test is over");
      server.closeLinks("the test is over");
      server.stopListening();
      capture.close();
      await once(capture, "close");
    },
  };
}

export async function listen(server: net.Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as net.AddressInfo).port;
}

export async function freePort(): Promise<number> {
  const server = net.createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}

function watcherOf(side: Side): RelayWatcher {
  return {
    connected: () => {
      side.connected += 1;
    },
    fromSocket: (bytes) => {
      side.fromSocket += bytes;
    },
    toSocket: (bytes) => {
      side.toSocket += bytes;
    },
    finished: (reason) => void side.finished.push(reason ?? "done"),
  };
}
