import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import { report } from "./stream.ts";

/**
 * `datagrams.ts HOST PORT COUNT`: sends COUNT datagrams of different content, each again after a second without its
 * answer, three times in all; reports how many were answered with just their content, and how many were sent for that.
 */
const [host = "", port = "", count = "100"] = process.argv.slice(2);
const tries = 3;
const answerWithinMs = 1_000;

const waiting = new Set<string>();
let sent = 0;
const startedAt = performance.now();
const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
socket.on("message", (datagram) => waiting.delete(datagram.toString("latin1")));
socket.on("error", () => {});
socket.connect(Number(port), host, () => {
  void sendAll();
});

async function sendAll(): Promise<void> {
  for (let sequence = 0; sequence < Number(count); sequence += 1) {
    waiting.add(
      Buffer.concat([Buffer.from(`${sequence} `), randomBytes(32 + ((sequence * 11) % 1100))]).toString("latin1"),
    );
  }
  for (let round = 0; round < tries && waiting.size > 0; round += 1) {
    for (const datagram of [...waiting]) {
      sent += 1;
      // What a refused send says (an ICMP answer to an earlier one) shows as an answer that does not come.
      socket.send(Buffer.from(datagram, "latin1"), () => {});
      await sleep(2);
    }
    await answeredWithin(answerWithinMs);
  }
  report({ answered: Number(count) - waiting.size, sent, elapsed_ms: performance.now() - startedAt });
  socket.close();
  process.exitCode = waiting.size === 0 ? 0 : 1;
}

async function answeredWithin(limitMs: number): Promise<void> {
  const deadlineAt = performance.now() + limitMs;
  while (waiting.size > 0 && performance.now() < deadlineAt) await sleep(5);
}
