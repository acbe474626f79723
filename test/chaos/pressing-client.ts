import { createSocket } from "node:dgram";
import { connect } from "node:net";

/** Asks the server by TCP and UDP, IPv4 and IPv6, every few milliseconds, and says now and then how often it has. */

const ADDRESSES = ["10.71.3.2", "fd71:3::2"] as const;
let tried = 0;

for (const address of ADDRESSES) {
  const udp = createSocket(address.includes(":") ? "udp6" : "udp4");
  udp.on("error", () => {});
  udp.on("message", () => {});
  setInterval(() => udp.send("1", 9_001, address), 7).ref();
  setInterval(() => {
    tried += 1;
    const socket = connect({ host: address, port: 9_000, timeout: 500 }, () => socket.end("1\n"));
    for (const event of ["timeout", "error"] as const) socket.on(event, () => socket.destroy());
    socket.resume();
  }, 25);
}
setInterval(() => process.stdout.write(`tried ${tried}\n`), 500);
process.stdout.write("pressing\n");
