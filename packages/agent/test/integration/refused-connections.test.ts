import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, expect, it } from "vitest";
import { startApiServer } from "../../src/api/server.ts";
import { systemClock } from "../../src/clock.ts";
import { createTlsIdentity } from "../../src/transport/tls.ts";
import { createWebSocketTransport } from "../../src/transport/websocket-transport.ts";
import { until } from "../helpers/agents.ts";
import { upgradeRequest } from "../helpers/raw-socket.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The agent's port, as the agent opens it, with the addresses that it is to take for its own host. */
async function openPort() {
  const transport = createWebSocketTransport({ clock: systemClock, allowLoopback: true, createLinkId: () => "link" });
  transport.start(() => undefined);
  const server = await startApiServer({
    clock: systemClock,
    port: 0,
    host: "127.0.0.1",
    tls: createTlsIdentity(Buffer.alloc(16, 1)),
    allowPlain: true,
    onRequest: (_, response) => void response.end("served"),
    onUpgrade: (request, socket, head) => transport.acceptUpgrade(request, socket, head),
  });
  ends.push(
    () => server.stop(0),
    () => transport.stop(),
  );
  return server.port;
}

/** A connection whose own half stays open whatever the other side does. */
function stubborn(port: number): Socket {
  const socket = connect({ host: "127.0.0.1", port, localAddress: "127.0.0.66", allowHalfOpen: true });
  socket.on("error", () => undefined);
  ends.push(() => socket.destroy());
  return socket;
}

const served = (port: number) =>
  new Promise<string>((resolve) => {
    let text = "";
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  });

it.each([
  ["plainly", (socket: Socket) => socket],
  ["over TLS", (socket: Socket) => connectTls({ socket, rejectUnauthorized: false })],
])(
  "who asks %s for a link that it does not get, and hangs on, keeps nobody else out",
  async (_, wrapped) => {
    const port = await openPort();
    for (let count = 0; count < 320; count += 1) {
      const socket = wrapped(stubborn(port));
      socket.on("error", () => undefined);
      await new Promise<void>((resolve) => {
        socket.once("data", () => resolve());
        socket.once("close", () => resolve());
        socket.write(upgradeRequest("/v1/other"));
      });
    }
    const text = await until("an honest caller is served", async () => {
      const answer = await served(port);
      return answer === "" ? undefined : answer;
    });
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
  },
  30_000,
);
