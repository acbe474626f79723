import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { LIMITS, type LinkId } from "@arctic/core";
import { type ClientOptions, WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../clock.ts";
import { hostPortText, parseHostPort, plainAddress, resolvePermitted } from "./address.ts";
import { channelBinding } from "./tls.ts";
import { Traffic } from "./traffic.ts";
import { type DialRequest, SEND_BUFFER_BYTES, type Transport, type TransportEvent } from "./transport.ts";
import { headersFromVoucher, voucherFromHeaders } from "./voucher-header.ts";

const GOSSIP_PATH = "/v1/gossip";
const SUBPROTOCOL = "arctic.gossip.v1";
const DIAL_TIMEOUT_MS = 8_000;
const CLOSE_TIMEOUT_MS = 1_000;
/** Addresses of one name that are tried in turn. */
const DIAL_ADDRESSES = 3;

const WIRE_LIMITS = {
  perMessageDeflate: false,
  maxPayload: LIMITS.frameBytes,
  maxFragments: 64,
  maxBufferedChunks: 16_384,
  maxPendingAutoPongs: 16,
  closeTimeout: CLOSE_TIMEOUT_MS,
} as const;

/** Pings that a link may send in ten seconds before it is dropped. */
const PINGS_PER_WINDOW = 30;
const PING_WINDOW_MS = 10_000;

export interface WebSocketTransportOptions {
  readonly clock: Clock;
  readonly allowLoopback: boolean;
  /** A text that was never used before, for each link. */
  readonly createLinkId: () => LinkId;
}

/** Links as WebSockets over TLS 1.3. The server's upgrades come in through `acceptUpgrade`. */
export interface WebSocketTransport extends Transport {
  acceptUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly traffic: Traffic;
}

export function createWebSocketTransport(options: WebSocketTransportOptions): WebSocketTransport {
  return new Links(options);
}

class Links implements WebSocketTransport {
  readonly traffic = new Traffic();
  readonly #options: WebSocketTransportOptions;
  readonly #socketByLink = new Map<LinkId, WebSocket>();
  readonly #dialling = new Set<AbortController>();
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    ...WIRE_LIMITS,
  });
  #listener: ((event: TransportEvent) => void) | undefined;

  constructor(options: WebSocketTransportOptions) {
    this.#options = options;
  }

  start(listener: (event: TransportEvent) => void): void {
    this.#listener = listener;
  }

  dial(request: DialRequest): void {
    const abort = new AbortController();
    this.#dialling.add(abort);
    void this.#open(request, abort.signal)
      .then((socket) => this.#adoptDialled(socket, request))
      .catch((error: unknown) => this.#emit({ type: "dial_failed", dial: request.dial, reason: reasonOf(error) }))
      .finally(() => this.#dialling.delete(abort));
  }

  send(link: LinkId, text: string): void {
    const socket = this.#socketByLink.get(link);
    if (socket === undefined || socket.readyState !== WebSocket.OPEN) return;
    const bytes = Buffer.byteLength(text);
    if (socket.bufferedAmount + bytes > SEND_BUFFER_BYTES) {
      this.traffic.overflowed();
      socket.terminate();
      return;
    }
    socket.send(text, () => undefined);
    this.traffic.sent(link, bytes);
  }

  close(link: LinkId): void {
    const socket = this.#socketByLink.get(link);
    if (socket === undefined) return;
    socket.removeAllListeners("message");
    socket.on("message", () => undefined);
    socket.close(1000);
  }

  stop(): void {
    this.#listener = undefined;
    for (const abort of this.#dialling) abort.abort();
    for (const socket of this.#socketByLink.values()) socket.terminate();
    this.#socketByLink.clear();
  }

  acceptUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusalOf(request, socket);
    if (refusal !== undefined) {
      socket.on("error", () => undefined);
      // Who asked may keep its own half open for ever.
      socket.once("finish", () => socket.destroy());
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const tls = socket as TLSSocket;
    const binding = channelBinding(tls);
    const remoteHost = plainAddress(tls.remoteAddress ?? "");
    const voucher = voucherFromHeaders(request.headers);
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      const link = this.#adopt(opened);
      this.#emit({
        type: "opened",
        direction: "in",
        link,
        binding,
        remoteHost,
        ...(voucher === undefined ? {} : { voucher }),
      });
    });
  }

  #refusalOf(request: IncomingMessage, socket: Duplex): string | undefined {
    if (this.#listener === undefined) return "503 Service Unavailable";
    if (!(socket instanceof TLSSocket)) return "426 Upgrade Required";
    if (request.url !== GOSSIP_PATH) return "404 Not Found";
    // Only browsers send an Origin, and no page has business here.
    if (request.headers.origin !== undefined) return "403 Forbidden";
    const offered = String(request.headers["sec-websocket-protocol"] ?? "").split(/\s*,\s*/);
    return offered.includes(SUBPROTOCOL) ? undefined : "400 Bad Request";
  }

  async #open(request: DialRequest, stopped: AbortSignal): Promise<Dialled> {
    const target = parseHostPort(request.address);
    if (target === undefined) throw new Error(`${request.address} is not host:port`);
    const hosts = await resolvePermitted(target.host, this.#options.allowLoopback);
    let failure: unknown;
    for (const host of hosts.slice(0, DIAL_ADDRESSES)) {
      if (stopped.aborted) throw new Error("the agent stops");
      try {
        return await connect(hostPortText({ host, port: target.port }), request, stopped);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  #adoptDialled({ socket, tls }: Dialled, request: DialRequest): void {
    if (this.#listener === undefined) {
      socket.terminate();
      return;
    }
    const binding = channelBinding(tls);
    const link = this.#adopt(socket);
    socket.resume();
    this.#emit({ type: "opened", direction: "out", link, binding, dial: request.dial, address: request.address });
  }

  #adopt(socket: WebSocket): LinkId {
    const link = this.#options.createLinkId();
    this.#socketByLink.set(link, socket);
    this.traffic.opened(link);
    let pings = 0;
    let windowAt = this.#options.clock.elapsedMs();
    socket.on("message", (data, isBinary) => {
      if (isBinary) {
        socket.close(1003);
        return;
      }
      const text = data.toString();
      this.traffic.received(link, "length" in data ? data.length : data.byteLength);
      this.#emit({ type: "received", link, text });
    });
    socket.on("ping", () => {
      const now = this.#options.clock.elapsedMs();
      if (now - windowAt > PING_WINDOW_MS) {
        windowAt = now;
        pings = 0;
      }
      pings += 1;
      if (pings > PINGS_PER_WINDOW) socket.terminate();
    });
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      this.traffic.closed(link);
      if (this.#socketByLink.delete(link)) this.#emit({ type: "closed", link });
    });
    return link;
  }

  #emit(event: TransportEvent): void {
    this.#listener?.(event);
  }
}

/** The same for every dial, and dear to make. */
const DIALLING = createSecureContext({ minVersion: "TLSv1.3" });

interface Dialled {
  readonly socket: WebSocket;
  readonly tls: TLSSocket;
}

function connect(hostPort: string, request: DialRequest, stopped: AbortSignal): Promise<Dialled> {
  const options: ClientOptions & { readonly secureContext: SecureContext } = {
    ...WIRE_LIMITS,
    handshakeTimeout: DIAL_TIMEOUT_MS,
    followRedirects: false,
    secureContext: DIALLING,
    // The certificate is self-made: who answers is proven by core's handshake, bound to this channel.
    rejectUnauthorized: false,
    headers: headersFromVoucher(request.voucher),
  };
  const socket = new WebSocket(`wss://${hostPort}${GOSSIP_PATH}`, SUBPROTOCOL, options);
  return new Promise((resolve, reject) => {
    const onStop = () => socket.terminate();
    stopped.addEventListener("abort", onStop, { once: true });
    let tls: TLSSocket | undefined;
    socket.on("upgrade", (response) => {
      if (response.socket instanceof TLSSocket) tls = response.socket;
    });
    socket.once("open", () => {
      stopped.removeEventListener("abort", onStop);
      // Nothing may arrive unheard: frames wait until the link has its listeners.
      socket.pause();
      if (tls === undefined) reject(new Error("the connection is not TLS"));
      else resolve({ socket, tls });
    });
    socket.on("error", (error) => reject(error));
    socket.once("close", () => reject(new Error("the connection was closed during its opening")));
  });
}

/** For a person; never what the other side answered. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ECONNREFUSED") return "nothing listens there (connection refused)";
  if (code === "ETIMEDOUT" || code === "EHOSTUNREACH" || code === "ENETUNREACH") return "the address cannot be reached";
  if (code === "ECONNRESET") return "the connection was reset";
  if (/^Unexpected server response/.test(error.message)) return "an Arctic agent does not take links there";
  if (/handshake has timed out/.test(error.message)) return "no answer in time";
  return code === undefined ? error.message : `the connection failed (${code})`;
}
