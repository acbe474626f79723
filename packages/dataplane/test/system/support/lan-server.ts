import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/**
 * The server of the tests' world, IPv4 and IPv6. TCP 9000 sends one line with the caller's address, then as many bytes
 * as the caller's line asks for, then the SHA-256 of them. UDP 9001 answers each datagram with the caller's address and
 * the datagram.
 */

const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.once("data", (asked: Buffer) => {
    const body = Buffer.alloc(Number(asked.toString("utf8").trim()), "arctic 0123456789 ");
    socket.write(`${socket.remoteAddress} ${socket.localAddress}\n`);
    socket.write(body);
    socket.end(createHash("sha256").update(body).digest());
  });
});
server.listen({ port: 9000, host: "::" }, () => {
  for (const type of ["udp4", "udp6"] as const) {
    const socket = createSocket({ type, ipv6Only: type === "udp6" });
    socket.on("message", (message, from) =>
      socket.send(`${from.address} ${message.toString("utf8")}`, from.port, from.address),
    );
    socket.bind(9001);
  }
  process.stdout.write("listening\n");
});
