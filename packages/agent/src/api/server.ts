import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import { isLoopback, plainAddress } from "../transport/address.ts";
import type { TlsIdentity } from "../transport/tls.ts";

export interface ServerOptions {
  readonly clock: Clock;
  readonly port: number;
  readonly host: string | undefined;
  readonly tls: TlsIdentity;
  /** Plain HTTP from other hosts than this one. */
  readonly allowPlain: boolean;
  readonly onRequest: RequestListener;
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface ApiServer {
  readonly port: number;
  /** Stops listening, lets running requests end for up to `graceMs`, then closes everything. */
  stop(graceMs: number): Promise<void>;
}

const MAX_CONNECTIONS = 300;
/** Connections of one address that have not yet shown a valid token or become a link. */
const MAX_UNPROVEN_PER_ADDRESS = 32;
const FIRST_BYTE_TIMEOUT_MS = 4_000;
const HEADERS_TIMEOUT_MS = 4_000;
const REQUEST_TIMEOUT_MS = 8_000;
/** RFC 8446: the first byte of a TLS connection is a handshake record's type. */
const TLS_HANDSHAKE = 0x16;

/** One port for TLS 1.3 and plain HTTP, told apart by a connection's first byte. */
export async function startApiServer(options: ServerOptions): Promise<ApiServer> {
  const plain = createHttpServer(HTTP_LIMITS, options.onRequest);
  const secure = createHttpsServer(
    {
      ...HTTP_LIMITS,
      key: options.tls.key,
      cert: options.tls.certificate,
      minVersion: "TLSv1.3",
      handshakeTimeout: HEADERS_TIMEOUT_MS,
    },
    options.onRequest,
  );
  for (const server of [plain, secure]) prepare(server, options.onUpgrade);

  const open = new Set<Socket>();
  // Behind TLS 1.3's session tickets Nagle holds each connection's first reply back for a delayed acknowledgement, 40 ms.
  const front = createTcpServer({ pauseOnConnect: false, noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    if (!admit(socket, open)) {
      socket.destroy();
      return;
    }
    route(socket, plain, secure, options);
  });
  front.maxConnections = MAX_CONNECTIONS;
  await listen(front, options.port, options.host);

  return {
    port: (front.address() as AddressInfo).port,
    async stop(graceMs) {
      const closed = new Promise<void>((resolve) => front.close(() => resolve()));
      plain.closeIdleConnections();
      secure.closeIdleConnections();
      const cancel = options.clock.after(graceMs, () => {
        for (const socket of open) socket.destroy();
      });
      await closed;
      cancel();
      // The servers never listened themselves; closing them ends their watch over slow connections.
      plain.close();
      secure.close();
    },
  };
}

/** Marks the connection as one of a caller who showed a valid token, so that it no longer counts against its address. */
export function markProven(socket: Duplex): void {
  PROVEN.add(underlying(socket));
}

const PROVEN = new WeakSet<Duplex>();

const HTTP_LIMITS = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 16 * 1024,
} as const;

function prepare(server: HttpServer, onUpgrade: ServerOptions["onUpgrade"]): void {
  server.on("upgrade", (request, socket, head) => {
    markProven(socket);
    onUpgrade(request, socket, head);
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  // Node watches for slow requests only once a server listens; these get their connections handed over.
  server.emit("listening");
}

function admit(socket: Socket, open: Set<Socket>): boolean {
  const address = socket.remoteAddress;
  let unproven = 0;
  for (const other of open) if (other.remoteAddress === address && !PROVEN.has(other)) unproven += 1;
  if (unproven >= MAX_UNPROVEN_PER_ADDRESS) return false;
  open.add(socket);
  socket.once("close", () => open.delete(socket));
  return true;
}

function route(socket: Socket, plain: HttpServer, secure: HttpServer, options: ServerOptions): void {
  const { clock, allowPlain } = options;
  const cancel = clock.after(FIRST_BYTE_TIMEOUT_MS, () => socket.destroy());
  socket.once("close", cancel);
  socket.once("data", (first: Buffer) => {
    cancel();
    socket.pause();
    socket.unshift(first);
    const isTls = first[0] === TLS_HANDSHAKE;
    if (!isTls && !allowPlain && !isLoopback(plainAddress(socket.remoteAddress ?? ""))) {
      // The caller may keep its own half open for ever.
      socket.once("finish", () => socket.destroy());
      socket.end(PLAIN_REFUSED);
      return;
    }
    (isTls ? secure : plain).emit("connection", socket);
    process.nextTick(() => socket.resume());
  });
}

const REFUSAL = JSON.stringify({ error: "plain HTTP is served to this host alone: use https://", code: "FORBIDDEN" });
const PLAIN_REFUSED = `HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${REFUSAL.length}\r\n\r\n${REFUSAL}`;

/** A TLS socket stands on the TCP socket that was counted. */
function underlying(socket: Duplex): Duplex {
  const parent: unknown = "_parent" in socket ? socket._parent : undefined;
  return parent instanceof Object && "remoteAddress" in parent ? (parent as Socket) : socket;
}

function listen(server: ReturnType<typeof createTcpServer>, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        new Error(
          error.code === "EADDRINUSE"
            ? `port ${port} is in use: stop what listens there or set API_PORT`
            : error.message,
        ),
      ),
    );
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => resolve());
  });
}
