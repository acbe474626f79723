import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect } from "node:net";

/** `tcp ADDRESS BYTES` or `udp ADDRESS COUNT [PORT]`, to the tests' server. Prints one JSON line; its `outcome` is `answered` or an error code. */

const [protocol, address = "", count = "0", port = "9001"] = process.argv.slice(2);
const LIMIT_MS = 8_000;

if (protocol === "tcp") fetchOverTcp();
else askOverUdp();

function fetchOverTcp(): void {
  const socket = connect({ host: address, port: 9000 });
  const chunks: Buffer[] = [];
  socket.setTimeout(LIMIT_MS, () => finish({ outcome: "TIMEOUT" }));
  socket.on("error", (error: NodeJS.ErrnoException) => finish({ outcome: error.code }));
  socket.on("connect", () => socket.write(`${count}\n`));
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("end", () => {
    const all = Buffer.concat(chunks);
    const at = all.indexOf(10);
    const body = all.subarray(at + 1, -32);
    const isWhole = createHash("sha256").update(body).digest().equals(all.subarray(-32));
    finish({
      outcome: isWhole ? "answered" : "DAMAGED",
      seen: all.subarray(0, at).toString("utf8"),
      bytes: body.length,
    });
  });
}

function askOverUdp(): void {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  const wanted = Number(count);
  const answers = new Set<string>();
  socket.on("error", (error: NodeJS.ErrnoException) => finish({ outcome: error.code }));
  socket.on("message", (message) => {
    const [seen = "", number = ""] = message.toString("utf8").split(" ");
    answers.add(number);
    if (answers.size === wanted) finish({ outcome: "answered", seen, answers: answers.size });
  });
  // Connected, so that what the kernel is told by ICMP reaches us.
  socket.connect(Number(port), address, () => {
    for (let number = 0; number < wanted; number++) socket.send(String(number));
  });
  setTimeout(() => finish({ outcome: "TIMEOUT", answers: answers.size }), 3_000);
}

function finish(result: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
