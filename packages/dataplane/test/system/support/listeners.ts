import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** Listens on all addresses, TCP and UDP, on each PORT given; prints whom it was reached by: `tcp ADDRESS PORT`, `udp TEXT`. */

const ports = process.argv.slice(2).map(Number);
let open = 0;
for (const port of ports) {
  createServer((socket) => {
    process.stdout.write(`tcp ${socket.localAddress} ${port}\n`);
    socket.on("error", () => {}).resume();
  }).listen({ port, host: "::" }, listening);
  for (const type of ["udp4", "udp6"] as const) {
    const socket = createSocket({ type, ipv6Only: type === "udp6" });
    socket.on("message", (message) => process.stdout.write(`udp ${message.toString("utf8")}\n`));
    socket.bind(port, listening);
  }
}

function listening(): void {
  open += 1;
  if (open === 3 * ports.length) process.stdout.write("listening\n");
}
