import { createServer, type Server, type TLSSocket } from "node:tls";
import type { LinkIdentity } from "./certificate.ts";
import type { Flow } from "./flow.ts";
import { LINK_TLS, Link, provenFingerprint } from "./link.ts";

/** The links that other hosts dial. Who is not in the plan is cut off before a byte of theirs is read. */

export interface LinkServerOptions {
  readonly identity: LinkIdentity;
  readonly port: number;
  /** Is it the certificate of a peer in the plan? */
  isKnown(fingerprint: string): boolean;
  onOpen(flow: Flow, link: Link): void;
}

const HANDSHAKE_MS = 5000;
/** Handshakes that may be under way: what a stranger can make us compute at once. */
const HANDSHAKES_MOST = 64;
/** A peer dials a few a worker; many more are a fault. */
const LINKS_A_PEER_MOST = 64;

export class LinkServer {
  readonly #options: LinkServerOptions;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  /** Open TCP connections: the links, and those whose handshake is under way. */
  #connections = 0;

  private constructor(options: LinkServerOptions) {
    this.#options = options;
    const { privateKey, certificate } = options.identity;
    this.#server = createServer({
      ...LINK_TLS,
      key: privateKey,
      cert: certificate,
      requestCert: true,
      handshakeTimeout: HANDSHAKE_MS,
      noDelay: true,
    });
    this.#server.on("connection", (socket) => this.#countConnection(socket));
    this.#server.on("secureConnection", (socket) => this.#receive(socket));
    // A stranger's broken handshake is nobody's fault here, and Node has closed it.
    this.#server.on("tlsClientError", () => {});
  }

  /** Listens on all addresses, beside the other workers. @throws the system's error, such as EADDRINUSE. */
  static async listen(options: LinkServerOptions): Promise<LinkServer> {
    const server = new LinkServer(options);
    try {
      await server.#listen("::");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAFNOSUPPORT") throw error;
      await server.#listen("0.0.0.0");
    }
    return server;
  }

  get links(): ReadonlySet<Link> {
    return this.#links;
  }

  /** Closes the links of peers that are no longer known. */
  review(): void {
    for (const link of [...this.#links]) {
      if (!this.#options.isKnown(link.fingerprint)) link.close("its peer left the plan");
    }
  }

  /** Takes no new links. */
  stopListening(): void {
    this.#server.close();
  }

  closeLinks(reason: string): void {
    for (const link of [...this.#links]) link.close(reason);
  }

  #listen(host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port: this.#options.port, host, reusePort: true }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  #countConnection(socket: { destroy(): void; once(event: "close", task: () => void): void }): void {
    if (this.#connections - this.#links.size >= HANDSHAKES_MOST) {
      socket.destroy();
      return;
    }
    this.#connections += 1;
    socket.once("close", () => {
      this.#connections -= 1;
    });
  }

  #receive(socket: TLSSocket): void {
    const fingerprint = provenFingerprint(socket);
    if (
      fingerprint === undefined ||
      !this.#options.isKnown(fingerprint) ||
      this.#countOf(fingerprint) >= LINKS_A_PEER_MOST
    ) {
      socket.on("error", () => {});
      socket.destroy();
      return;
    }
    const link = new Link({
      socket,
      fingerprint,
      onOpen: (flow, of) => this.#options.onOpen(flow, of),
      onClosed: (closed) => this.#links.delete(closed),
    });
    this.#links.add(link);
  }

  #countOf(fingerprint: string): number {
    return [...this.#links].filter((link) => link.fingerprint === fingerprint).length;
  }
}
