import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/**
 * `serve` waits. `measure HOST up|down SECONDS TCP_FLOWS UDP_MBPS` sends so many TCP flows as fast as they go and UDP at
 * that rate, all at once, and prints one JSON line: the rates at which they arrived, in Mbit/s, UDP with its headers.
 */

const PORT = 9_100;
const PAYLOAD_BYTES = 1_200;
const IP_AND_UDP_BYTES = 28;
const CHUNK = Buffer.alloc(64 * 1024, 5);

const [role, host = "", direction = "up", seconds = "0", flows = "0", udpMbps = "0"] = process.argv.slice(2);

function serve(): void {
  createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", (first) => {
      const line = first.toString("latin1").split("\n")[0] ?? "";
      const time = Number(line.split(" ")[1]);
      if (line.startsWith("down")) fill(socket, time);
      else void arrivals(socket, time).then((mbps) => finish(socket, mbps));
    });
  }).listen(PORT, "0.0.0.0", () => {
    const socket = createSocket("udp4");
    const metersByPort = new Map<number, Meter>();
    socket.on("message", (message, from) => {
      const [verb = "", mbps, time] = message.length === PAYLOAD_BYTES ? [] : message.toString("latin1").split(" ");
      if (verb === "down") blast(socket, from.port, from.address, Number(mbps), Number(time));
      else if (verb === "report")
        socket.send(String(metersByPort.get(from.port)?.mbps() ?? 0), from.port, from.address);
      else {
        const meter = metersByPort.get(from.port) ?? new Meter();
        metersByPort.set(from.port, meter);
        meter.add(message.length + IP_AND_UDP_BYTES);
      }
    });
    socket.bind(PORT, () => process.stdout.write("listening\n"));
  });
}

/** What is on its way still would take the next measurement's share. */
function finish(socket: Socket, mbps: number): void {
  socket.end(String(mbps));
  setTimeout(() => socket.resetAndDestroy(), 300);
}

async function measure(): Promise<void> {
  const tcp = Promise.all(Array.from({ length: Number(flows) }, () => measureTcp()));
  const udp = Number(udpMbps) === 0 ? Promise.resolve(0) : measureUdp();
  const result = { tcp: await tcp, udp: await udp };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

async function measureTcp(): Promise<number> {
  const socket = connect({ host, port: PORT, allowHalfOpen: true });
  if (direction === "down") {
    socket.write(`down ${seconds}\n`);
    return arrivals(socket, Number(seconds));
  }
  socket.write(`up ${seconds}\n`);
  fill(socket, Number(seconds));
  let told = "";
  socket.on("data", (chunk: Buffer) => {
    told += chunk.toString("latin1");
  });
  await once(socket, "end");
  socket.resetAndDestroy();
  return Number(told);
}

async function measureUdp(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  const meter = new Meter();
  let reported: number | undefined;
  socket.on("message", (message) => {
    if (message.length === PAYLOAD_BYTES) meter.add(message.length + IP_AND_UDP_BYTES);
    else reported = Number(message.toString("latin1"));
  });
  if (direction === "down") socket.send(`down ${udpMbps} ${seconds}`, PORT, host);
  else blast(socket, PORT, host, Number(udpMbps), Number(seconds));
  await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000 + 1000));
  if (direction === "down") return meter.mbps();
  for (let tries = 0; tries < 50 && reported === undefined; tries += 1) {
    socket.send("report", PORT, host);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return reported ?? 0;
}

function fill(socket: Socket, forSeconds: number): void {
  const endsAt = performance.now() + forSeconds * 1000;
  const write = (): void => {
    while (performance.now() < endsAt) if (!socket.write(CHUNK)) return void socket.once("drain", write);
    socket.end();
  };
  write();
}

/** What comes later was on its way while others no longer were. */
async function arrivals(socket: Socket, forSeconds: number): Promise<number> {
  const meter = new Meter();
  socket.on("data", (chunk: Buffer) => meter.add(chunk.length));
  await new Promise((resolve) => setTimeout(resolve, forSeconds * 1000));
  return meter.mbps();
}

function blast(socket: UdpSocket, port: number, address: string, mbps: number, forSeconds: number): void {
  const payload = Buffer.alloc(PAYLOAD_BYTES, 5);
  const startedAt = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs > forSeconds * 1000) return clearInterval(timer);
    const due = Math.floor((elapsedMs * mbps * 1000) / ((PAYLOAD_BYTES + IP_AND_UDP_BYTES) * 8));
    for (; sent < due; sent += 1) socket.send(payload, port, address);
  }, 5);
}

/** From the second second on, when the first burst and the first sharing are over. */
class Meter {
  #firstAt: number | undefined;
  #from: number | undefined;
  #to = 0;
  #bytes = 0;

  add(bytes: number): void {
    const now = performance.now();
    this.#firstAt ??= now;
    if (now - this.#firstAt < 1_000) return;
    // What comes with the first moment was on its way before it.
    if (this.#from !== undefined) this.#bytes += bytes;
    this.#from ??= now;
    this.#to = now;
  }

  mbps(): number {
    return this.#from === undefined ? 0 : (this.#bytes * 8) / 1000 / Math.max(1, this.#to - this.#from);
  }
}

if (role === "serve") serve();
else await measure();
