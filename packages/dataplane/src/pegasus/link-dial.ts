import { connect, type TLSSocket } from "node:tls";
import type { LinkIdentity } from "./certificate.ts";
import { LINK_TLS, provenFingerprint } from "./link.ts";

const HANDSHAKE_MS = 4000;

export interface LinkTarget {
  readonly address: string;
  readonly port: number;
  readonly fingerprint: string;
}

/**
 * Dials a peer's link port and compares its certificate; nothing is sent before it is the right one.
 * `done` is told once, with the open socket or what went wrong. Returns what gives the dial up, silently.
 */
export function dialLink(
  target: LinkTarget,
  identity: LinkIdentity,
  done: (result: { socket: TLSSocket } | { error: string }) => void,
): () => void {
  const where = `${target.address} port ${target.port}`;
  const socket = connect({
    ...LINK_TLS,
    host: target.address,
    port: target.port,
    key: identity.privateKey,
    cert: identity.certificate,
  });
  let isDone = false;
  const fail = (error: string) => {
    if (isDone) return;
    isDone = true;
    socket.destroy();
    done({ error: `${where}: ${error}` });
  };
  socket.on("error", (error) => fail(error.message));
  socket.on("close", () => fail("it was closed during the handshake"));
  socket.setTimeout(HANDSHAKE_MS, () => fail(`no answer within ${HANDSHAKE_MS / 1000} s`));
  socket.once("secureConnect", () => {
    const fingerprint = provenFingerprint(socket);
    if (fingerprint !== target.fingerprint) {
      fail("its certificate is not the one in its peer record");
      return;
    }
    if (isDone) return;
    isDone = true;
    socket.setTimeout(0);
    socket.removeAllListeners("timeout");
    done({ socket });
  });
  return () => {
    isDone = true;
    socket.destroy();
  };
}
