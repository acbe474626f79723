import { createCipheriv, createHash } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { onreadEngine } from "../../src/pegasus/onread-engine.ts";
import { createRelayWorld, freePort, listen, type RelayWorld } from "./pegasus/relay-world.ts";

/** What every relay engine must do, over a real link. */

const MEGABYTE = 1024 * 1024;
const ENGINES = [onreadEngine];

/** Bytes that look random and are the same for a seed. */
function* randomBytesOf(seed: number, total: number): Generator<Buffer> {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16));
  for (let left = total; left > 0; left -= MEGABYTE) yield cipher.update(Buffer.alloc(Math.min(left, MEGABYTE)));
}

async function send(socket: net.Socket, seed: number, total: number): Promise<string> {
  const hash = createHash("sha256");
  for (const piece of randomBytesOf(seed, total)) {
    hash.update(piece);
    if (!socket.write(piece)) await once(socket, "drain");
  }
  socket.end();
  return hash.digest("hex");
}

async function receive(socket: net.Socket): Promise<{ digest: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of socket) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { digest: hash.digest("hex"), bytes };
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !holds(); waited += 10) {
    if (waited > 10_000) throw new Error(`not within 10 s: ${what}`);
    await sleep(10);
  }
}

function endOf(socket: net.Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    socket.on("close", () => resolve("closed"));
    socket.resume();
  });
}

describe.each(ENGINES)("the relay engine $name", (engine) => {
  let world: RelayWorld;
  const servers: net.Server[] = [];
  const sockets: net.Socket[] = [];

  /** A server's port and what resolves to its next connection. */
  const serve = async () => {
    const waiting: ((socket: net.Socket) => void)[] = [];
    const come: net.Socket[] = [];
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket);
      const take = waiting.shift();
      if (take === undefined) come.push(socket);
      else take(socket);
    });
    servers.push(server);
    const port = await listen(server);
    const next = () => {
      const socket = come.shift();
      return socket === undefined
        ? new Promise<net.Socket>((resolve) => waiting.push(resolve))
        : Promise.resolve(socket);
    };
    return { port, next };
  };
  const connect = async (port: number) => {
    const socket = await world.connect(port);
    sockets.push(socket);
    return socket;
  };

  beforeEach(async () => {
    world = await createRelayWorld(engine);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.on("error", () => {}).destroy();
    for (const server of servers.splice(0)) server.close();
    await world.close();
  });

  test("carries 50 MB each way unchanged, both ways at once, and counts them", async () => {
    const { port, next } = await serve();
    const client = await connect(port);
    const server = await next();
    const total = 50 * MEGABYTE;
    const [up, down, atServer, atClient] = await Promise.all([
      send(client, 1, total),
      send(server, 2, total),
      receive(server),
      receive(client),
    ]);
    expect(atServer).toEqual({ digest: up, bytes: total });
    expect(atClient).toEqual({ digest: down, bytes: total });
    await until(() => world.entry.finished.length + world.exit.finished.length === 2, "both relays end");
    expect(world.entry).toMatchObject({ connected: 1, fromSocket: total, toSocket: total, finished: ["done"] });
    expect(world.exit).toMatchObject({ connected: 1, fromSocket: total, toSocket: total, finished: ["done"] });
  });

  test("passes a half-close on and lets the other direction go on", async () => {
    const { port, next } = await serve();
    const client = await connect(port);
    client.end("question");
    const server = await next();
    const [question] = await Promise.all([receive(server)]);
    expect(question.bytes).toBe(8);
    await sleep(100);
    server.write("answer ");
    await sleep(50);
    server.end("late");
    expect((await receive(client)).bytes).toBe(11);
    await until(() => world.exit.finished.length === 1, "the relay ends");
    expect(world.exit.finished).toEqual(["done"]);
  });

  test("passes on an end that comes before the destination is connected", async () => {
    const { port, next } = await serve();
    const client = net.connect({ port: 1, host: "127.0.0.1" });
    client.on("error", () => {}).destroy();
    const early = await connect(port);
    early.end();
    const server = await next();
    expect((await receive(server)).bytes).toBe(0);
    server.end("bye");
    expect((await receive(early)).bytes).toBe(3);
  });

  test("passes a reset by the client on to the server", async () => {
    const { port, next } = await serve();
    const client = await connect(port);
    client.write("x");
    const server = await next();
    await once(server, "data");
    const end = endOf(server);
    client.resetAndDestroy();
    expect(await end).toBe("ECONNRESET");
    await until(() => world.entry.finished.length === 1, "the relay ends");
    expect(world.entry.finished).toEqual(["cancelled"]);
  });

  test("passes a reset by the server on to the client", async () => {
    const { port, next } = await serve();
    const client = await connect(port);
    client.write("x");
    const end = endOf(client);
    const server = await next();
    await once(server, "data");
    server.resetAndDestroy();
    expect(await end).toBe("ECONNRESET");
  });

  test("answers a refused connect with a reset", async () => {
    const client = await connect(await freePort());
    expect(await endOf(client)).toBe("ECONNRESET");
    await until(() => world.entry.finished.length === 1, "the relay ends");
    expect(world.entry.finished).toEqual(["connect_refused"]);
    expect(world.exit.finished).toEqual(["connect_refused"]);
  });

  test("holds a sender back whose reader is slow, and nobody else on the same link", async () => {
    const { port, next } = await serve();
    const slowClient = await connect(port);
    const slowServer = await next();
    slowServer.pause();
    const total = 64 * MEGABYTE;
    const sending = send(slowClient, 3, total);
    await sleep(500);
    const heldBack = world.exit.toSocket;
    expect(heldBack).toBeLessThan(total / 2);
    expect(world.entry.fromSocket).toBeLessThan(total / 2);

    const quickClient = await connect(port);
    const quickServer = await next();
    const startedAt = performance.now();
    const [sent, received] = await Promise.all([send(quickClient, 4, 10 * MEGABYTE), receive(quickServer)]);
    expect(received.digest).toBe(sent);
    expect(performance.now() - startedAt).toBeLessThan(5000);

    const [slowSent, slowReceived] = await Promise.all([sending, receive(slowServer)]);
    expect(slowReceived).toEqual({ digest: slowSent, bytes: total });
  });

  test("resets both sides when the link is lost", async () => {
    const { port, next } = await serve();
    const client = await connect(port);
    client.write("x");
    const server = await next();
    await once(server, "data");
    const ends = Promise.all([endOf(client), endOf(server)]);
    world.link()?.close("cut by the test");
    expect(await ends).toEqual(["ECONNRESET", "ECONNRESET"]);
    expect(world.entry.finished).toEqual(["link_lost"]);
  });

  test.each(["up", "down"])("keeps a limit of 40 Mbit/s %s within 5 percent, over three flows", async (direction) => {
    world.limits.entry.setRate(40e6);
    world.limits.exit.setRate(40e6);
    const { port, next } = await serve();
    const total = 5 * MEGABYTE;
    const flows = [];
    for (let at = 0; at < 3; at++) flows.push({ client: await connect(port), server: await next() });
    const startedAt = performance.now();
    const done = await Promise.all(
      flows.map(async ({ client, server }, seed) => {
        const [from, to] = direction === "up" ? [client, server] : [server, client];
        const [sent, received] = await Promise.all([send(from, seed, total), receive(to)]);
        return received.digest === sent;
      }),
    );
    const mbps = (3 * total * 8) / (performance.now() - startedAt) / 1000;
    expect(done).toEqual([true, true, true]);
    expect(mbps).toBeGreaterThan(38);
    expect(mbps).toBeLessThan(42);
  });

  test("carries many short connections", async () => {
    const { port } = await serve();
    servers[0]?.on("connection", (socket) => socket.pipe(socket));
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, at) => {
          const client = await connect(port);
          client.end(`${round} ${at}`);
          expect((await receive(client)).bytes).toBe(`${round} ${at}`.length);
        }),
      );
    }
    await until(() => world.exit.finished.length === 500 && world.entry.finished.length === 500, "all relays end");
    expect(new Set([...world.exit.finished, ...world.entry.finished])).toEqual(new Set(["done"]));
    expect(world.link()?.mux.flowCount).toBe(0);
  });
});
