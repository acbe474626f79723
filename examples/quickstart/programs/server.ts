import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { report, seededBytes, sha256 } from "./stream.ts";

/**
 * The server behind gamma. TCP 9000: answers `{"seed": …, "bytes": …}` with that many seeded bytes, then ends, and
 * reports what it sent and whom it saw. UDP 9001: sends every datagram back.
 */
const tcpPort = 9000;
const udpPort = 9001;

const tcp = createServer((socket) => {
  socket.on("error", (error) => report({ event: "failed", message: error.message }));
  serve(socket).catch((error: Error) => report({ event: "failed", message: error.message }));
});

async function serve(socket: Socket): Promise<void> {
  const remoteAddress = plain(socket.remoteAddress);
  const localAddress = plain(socket.localAddress);
  const [line] = (await once(createInterface(socket), "line")) as [string];
  const { seed, bytes } = JSON.parse(line) as { seed: string; bytes: number };
  const hash = sha256();
  for (const piece of seededBytes(seed, bytes)) {
    hash.update(piece);
    if (!socket.write(piece)) await once(socket, "drain");
  }
  socket.end();
  report({
    event: "served",
    seed,
    bytes,
    sha256: hash.digest("hex"),
    remote_address: remoteAddress,
    local_address: localAddress,
  });
}

const udp = createSocket("udp6");
udp.on("message", (datagram, { address, port }) => udp.send(datagram, port, address));

/** Both sockets take IPv4 too, whose addresses they show as ::ffff:a.b.c.d. */
function plain(address = ""): string {
  return address.replace(/^::ffff:/, "");
}

tcp.listen(tcpPort, "::");
udp.bind(udpPort, "::");
await Promise.all([once(tcp, "listening"), once(udp, "listening")]);
report({ event: "ready" });
