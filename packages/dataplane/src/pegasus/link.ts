import type { TLSSocket } from "node:tls";
import { fingerprintOf } from "./certificate.ts";
import type { Flow } from "./flow.ts";
import { ProtocolError } from "./frame.ts";
import { type Deferral, Mux } from "./mux.ts";
import { tuneLinkSocket } from "./socket.ts";

/** TLS settings and the life of one proven connection between two Pegasus. */

/** The protocol's name and version; both sides must agree on it in the handshake. */
export const LINK_PROTOCOL = "arctic-pegasus/1";

/** The same on both sides. Certificates are self-made and compared by hash, so no chain is verified. */
export const LINK_TLS = {
  minVersion: "TLSv1.3",
  maxVersion: "TLSv1.3",
  ciphers: "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
  ALPNProtocols: [LINK_PROTOCOL],
  rejectUnauthorized: false,
} as const;

const KEEP_ALIVE_MS = 10_000;
const USER_TIMEOUT_MS = 20_000;
/** Unsent bytes that the kernel may hold: a small flow waits behind no more. */
const UNSENT_BYTES = 256 * 1024;

const MOMENT_MS = 2;

export interface LinkOptions {
  readonly socket: TLSSocket;
  /** Of the certificate that the other side proved. */
  readonly fingerprint: string;
  /** Set on the side that was dialled. */
  readonly onOpen?: (flow: Flow, link: Link) => void;
  /** On the side that dialled: the other side knows us. */
  readonly onWelcome?: (link: Link) => void;
  readonly onClosed: (link: Link, reason: string) => void;
}

/**
 * The SHA-256 of the certificate that the other side proved in this handshake; undefined when it proved none, speaks
 * another protocol or resumed an older session.
 */
export function provenFingerprint(socket: TLSSocket): string | undefined {
  if (socket.alpnProtocol !== LINK_PROTOCOL || socket.isSessionReused()) return undefined;
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : fingerprintOf(certificate.raw);
}

export class Link {
  readonly fingerprint: string;
  readonly mux: Mux;
  readonly #socket: TLSSocket;
  readonly #onClosed: LinkOptions["onClosed"];
  /** What is being written; grows to what the link needs. */
  #buffer: Buffer = Buffer.alloc(0);
  #isClosed = false;

  /** Takes over a socket whose other side is proven; nothing was read from it yet. */
  constructor(options: LinkOptions) {
    this.fingerprint = options.fingerprint;
    this.#socket = options.socket;
    this.#onClosed = options.onClosed;
    const { onOpen, onWelcome } = options;
    this.mux = new Mux({
      wire: { write: (pieces, bytes, written) => this.#write(pieces, bytes, written) },
      defer: deferUntil,
      onStuck: () => this.close("it does not read our answers"),
      onWelcome: () => onWelcome?.(this),
      ...(onOpen === undefined ? {} : { onOpen: (flow: Flow) => onOpen(flow, this) }),
    });
    this.#listen();
  }

  get isUp(): boolean {
    return !this.#isClosed;
  }

  /** Closes the connection; its flows are reset. */
  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    this.mux.close();
    this.#onClosed(this, reason);
  }

  #listen(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    tuneLinkSocket(socket, UNSENT_BYTES, USER_TIMEOUT_MS);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", (error) => this.close(error.message));
    socket.on("end", () => this.close("the other side closed it"));
    socket.on("close", () => this.close("it was closed"));
  }

  #receive(chunk: Buffer): void {
    try {
      this.mux.receive(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(`the other side broke the protocol: ${error.message}`);
    }
  }

  /** One piece a write: TLS would copy several into one anyway. */
  #write(pieces: readonly Buffer[], bytes: number, written: () => void): void {
    if (this.#buffer.length < bytes) this.#buffer = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    for (const piece of pieces) {
      this.#buffer.set(piece, at);
      at += piece.length;
    }
    this.#socket.write(this.#buffer.subarray(0, bytes), (error) => {
      if (!error) written();
    });
  }
}

function deferUntil(task: () => void, until: Deferral): void {
  switch (until) {
    case "turn":
      setImmediate(task);
      return;
    case "next_turn":
      setImmediate(() => setImmediate(task));
      return;
    case "moment":
      setTimeout(task, MOMENT_MS);
      return;
  }
}
