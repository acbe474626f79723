import { createSocket } from "node:dgram";

/** `send ADDRESS MBPS SECONDS` sends datagrams of 1,200 bytes at a rate; `sink` prints the rate at which they came, as IP packets, from the second second on. */

const PORT = 9002;
const PAYLOAD_BYTES = 1_200;
const PACKET_BYTES = PAYLOAD_BYTES + 28;

const [role, address = "", mbps = "0", seconds = "0"] = process.argv.slice(2);
if (role === "sink") sink();
else send();

function sink(): void {
  const socket = createSocket("udp4");
  let firstAt: number | undefined;
  let countedFrom: number | undefined;
  let countedTo = 0;
  let bytes = 0;
  socket.on("message", () => {
    const now = performance.now();
    firstAt ??= now;
    if (now - firstAt < 1_000) return;
    countedFrom ??= now;
    countedTo = now;
    bytes += PACKET_BYTES;
    if (now - firstAt < 3_500) return;
    process.stdout.write(`rate ${((bytes * 8) / (countedTo - countedFrom) / 1_000).toFixed(2)}\n`, () =>
      process.exit(0),
    );
  });
  socket.bind(PORT, () => process.stdout.write("ready\n"));
}

function send(): void {
  const socket = createSocket("udp4");
  const payload = Buffer.alloc(PAYLOAD_BYTES);
  const startedAt = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs > Number(seconds) * 1_000) {
      clearInterval(timer);
      socket.close();
      return;
    }
    const due = Math.floor((elapsedMs * Number(mbps) * 1_000) / (PACKET_BYTES * 8));
    for (; sent < due; sent++) socket.send(payload, PORT, address);
  }, 5);
}
