import { connect, type TLSSocket } from "node:tls";

/** What is read again and again: one GET request, over TLS on loopback. */
export interface Reading {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const HEAD_END = "\r\n\r\n";

/**
 * Requests a second that a server answers with 200, of so many connections that are kept and have one request under way
 * each. This client writes the same bytes each time and reads no more of a reply than its length, so that little of what
 * is measured is its own. Throws where an answer is another one.
 */
export async function readsASecond(reading: Reading, connections: number, forMs: number): Promise<number> {
  const request = requestText(reading);
  const sockets = await Promise.all(Array.from({ length: connections }, () => opened(reading.port)));
  try {
    let answered = 0;
    const startedAt = performance.now();
    const untilMs = startedAt + forMs;
    await Promise.all(
      sockets.map((socket) =>
        keepAsking(socket, request, () => {
          answered += 1;
          return performance.now() < untilMs;
        }),
      ),
    );
    return (answered * 1000) / (performance.now() - startedAt);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

function requestText({ path, port, headers }: Reading): string {
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(([name, value]) => `${name}: ${value}`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}${HEAD_END}`;
}

function opened(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // Self-made certificates: nothing secret of anybody's is at stake here.
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
    socket.setNoDelay(true);
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Asks again after each whole answer for as long as `goesOn` says so. */
function keepAsking(socket: TLSSocket, request: string, goesOn: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server closed a connection")));
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      const headEnd = text.indexOf(HEAD_END);
      if (headEnd < 0) return;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1]);
      if (text.length < headEnd + HEAD_END.length + length) return;
      if (!text.startsWith("HTTP/1.1 200 ")) reject(new Error(`the answer is ${text.slice(0, 300)}`));
      text = "";
      if (goesOn()) socket.write(request);
      else resolve();
    });
    socket.write(request);
  });
}
