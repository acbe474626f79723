import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import koffi from "koffi";
import { afterEach, describe, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { parseAddress } from "../../src/cidr.ts";
import { SocketError } from "../../src/kernel/libc.ts";
import { acceptedEndpoints } from "../../src/pegasus/accepted-endpoints.ts";
import {
  adoptAccepted,
  bindTransparent,
  checkTransparent,
  isBindable,
  KEEP_ALIVE,
  listenTransparent,
  type OnRead,
  plainSocket,
  socketFromFd,
} from "../../src/pegasus/socket.ts";
import { freePort, listen } from "./pegasus/relay-world.ts";

/** Pins what Node does not document, on the Node that runs: `handle`, `manualStart`, `pauseOnCreate`, a bound `fd`. */

const missing = (() => {
  try {
    checkTransparent();
    return undefined;
  } catch (error) {
    return `transparent sockets need CAP_NET_RAW: ${String(error)}`;
  }
})();

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

const at = (text: string, port: number) => {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(text);
  return { address, port };
};

/** Reads into one shared buffer; `mayRead` is asked after each read. */
function collector(mayRead: () => boolean) {
  const pieces: string[] = [];
  const onread: OnRead = {
    buffer: Buffer.alloc(64 * 1024),
    callback: (length, buffer) => {
      pieces.push(Buffer.from(buffer.subarray(0, length)).toString());
      return mayRead();
    },
  };
  return { onread, text: () => pieces.join("") };
}

async function echoServer(host = "127.0.0.1") {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    cleanUps.push(() => socket.destroy());
    socket.on("error", () => {});
    socket.write(`${socket.remoteAddress?.replace("::ffff:", "")} ${socket.remotePort}\n`);
    socket.pipe(socket);
  });
  cleanUps.push(() => server.close());
  server.listen(0, host);
  await once(server, "listening");
  return (server.address() as net.AddressInfo).port;
}

describe("an accepted connection", () => {
  test("that was adopted reads nothing until it is resumed, pauses when told, and sees the end", async () => {
    const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true });
    cleanUps.push(() => server.close());
    const accepted = once(server, "connection") as Promise<[net.Socket]>;
    const client = net.connect(await listen(server), "127.0.0.1");
    cleanUps.push(() => client.destroy());
    client.write("first");
    const [socket] = await accepted;
    let mayRead = false;
    const { onread, text } = collector(() => mayRead);
    const adopted = adoptAccepted(socket, onread);
    cleanUps.push(() => adopted.destroy());
    await sleep(50);
    expect(text()).toBe("");
    adopted.resume();
    await sleep(50);
    expect(text()).toBe("first");
    client.end("second");
    await sleep(50);
    expect(text()).toBe("first");
    mayRead = true;
    const ended = once(adopted, "end");
    adopted.resume();
    await ended;
    expect(text()).toBe("firstsecond");
    adopted.end("bye");
    const [bye] = (await once(client, "data")) as [Buffer];
    expect(bye.toString()).toBe("bye");
  });

  test("that was adopted no longer counts as its server's, which can close", async () => {
    const server = net.createServer({ pauseOnConnect: true });
    const accepted = once(server, "connection") as Promise<[net.Socket]>;
    const client = net.connect(await listen(server), "127.0.0.1");
    cleanUps.push(() => client.destroy());
    const adopted = adoptAccepted((await accepted)[0], collector(() => true).onread);
    cleanUps.push(() => adopted.destroy());
    const closed = once(server, "close");
    server.close();
    await closed;
    expect(adopted.destroyed).toBe(false);
  });
});

describeWhere(missing, "what a transparent listener accepts", () => {
  test("sends without delay, and is asked whether it still stands, as its listener", async () => {
    const server = net.createServer({ pauseOnConnect: true });
    cleanUps.push(() => server.close());
    const accepted = once(server, "connection") as Promise<[net.Socket]>;
    const port = await freePort();
    server.listen({ fd: listenTransparent(at("127.0.0.1", port), 16) });
    await once(server, "listening");
    const client = net.connect(port, "127.0.0.1");
    cleanUps.push(() => client.destroy());
    const [socket] = await accepted;
    cleanUps.push(() => socket.destroy());
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    const [SOL_SOCKET, SO_KEEPALIVE, TCP, TCP_NODELAY, TCP_KEEPIDLE] = [1, 9, 6, 1, 4];
    expect(optionOf(fd, TCP, TCP_NODELAY)).toBe(1);
    expect(optionOf(fd, SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
    expect(optionOf(fd, TCP, TCP_KEEPIDLE)).toBe(KEEP_ALIVE.idleMs / 1000);
  });
});

function optionOf(fd: number, level: number, name: number): number {
  const read = koffi
    .load(null)
    .func("int getsockopt(int fd, int level, int name, _Out_ int *value, _Inout_ uint32_t *length)");
  const value = [0];
  expect(read(fd, level, name, value, [4])).toBe(0);
  return value[0] ?? Number.NaN;
}

describeWhere(missing, "a dial from a bound descriptor", () => {
  test("leaves from that address and port, reads nothing until resumed, and tells when it is connected", async () => {
    const port = await echoServer();
    const sourcePort = await freePort();
    const { onread, text } = collector(() => true);
    const socket = socketFromFd(bindTransparent(at("127.0.0.1", sourcePort)), onread);
    cleanUps.push(() => socket.destroy());
    socket.connect({ host: "127.0.0.1", port });
    await once(socket, "connect");
    await sleep(50);
    expect(text()).toBe("");
    socket.resume();
    await sleep(50);
    expect(text()).toBe(`127.0.0.1 ${sourcePort}\n`);
  });

  test("leaves from an address that no interface has, over IPv4 within loopback's network", async () => {
    const port = await echoServer();
    const { onread, text } = collector(() => true);
    const socket = socketFromFd(bindTransparent(at("127.9.9.9", 0)), onread);
    cleanUps.push(() => socket.destroy());
    socket.connect({ host: "127.0.0.1", port });
    await once(socket, "connect");
    socket.resume();
    await sleep(50);
    expect(text()).toMatch(/^127\.9\.9\.9 \d+\n$/);
  });

  test("takes another port when the client's own is taken", async () => {
    const port = await echoServer();
    const taken = net.createServer();
    cleanUps.push(() => taken.close());
    const takenPort = await listen(taken);
    const socket = socketFromFd(bindTransparent(at("127.0.0.1", takenPort)), collector(() => true).onread);
    cleanUps.push(() => socket.destroy());
    socket.connect({ host: "127.0.0.1", port });
    await once(socket, "connect");
    expect(socket.localPort).not.toBe(takenPort);
  });

  test("tells a refusal as an error with its code", async () => {
    const socket = socketFromFd(bindTransparent(at("127.0.0.1", 0)), collector(() => true).onread);
    socket.connect({ host: "127.0.0.1", port: await freePort() });
    const [error] = (await once(socket, "close").then(
      () => [undefined],
      (reason: unknown) => [reason],
    )) as [NodeJS.ErrnoException | undefined];
    expect(error?.code).toBe("ECONNREFUSED");
  });
});

describeWhere(missing, "a transparent listener", () => {
  test.each(["127.0.0.1", "::1"])(
    "at %s shares its port with other workers and serves Node's own server",
    async (host) => {
      const port = await freePort();
      const fds = [listenTransparent(at(host, port), 16), listenTransparent(at(host, port), 16)];
      let accepted = 0;
      for (const fd of fds) {
        const server = net.createServer((socket) => {
          accepted += 1;
          socket.end();
        });
        cleanUps.push(() => server.close());
        server.listen({ fd });
        await once(server, "listening");
      }
      for (let turn = 0; turn < 10; turn++) {
        const client = net.connect(port, host);
        client.resume();
        await once(client, "close");
      }
      expect(accepted).toBe(10);
    },
  );

  test("on a port that somebody else has is an error that names the port", async () => {
    const taken = net.createServer();
    cleanUps.push(() => taken.close());
    const port = await listen(taken);
    expect(() => listenTransparent(at("127.0.0.1", port), 16)).toThrow(
      new SocketError("bind", `127.0.0.1 port ${port}`, 98),
    );
  });
});

test("a plain socket connects, reads by onread and ends", async () => {
  const port = await echoServer();
  const { onread, text } = collector(() => true);
  const socket = plainSocket(onread);
  socket.connect({ host: "127.0.0.1", port });
  socket.resume();
  socket.end("hello");
  await once(socket, "close");
  expect(text()).toMatch(/^127\.0\.0\.1 \d+\nhello$/);
});

test("the kernel tells this host's addresses from others", () => {
  const bindable = ["127.0.0.1", "127.1.2.3", "::1", "198.51.100.1", "2001:db8::1"].map((text) =>
    isBindable(at(text, 0).address),
  );
  expect(bindable).toEqual([true, true, true, false, false]);
});

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::1", "::1"],
  // An IPv4 connection on a socket of both families.
  ["::", "127.0.0.1"],
])(
  "both ends of a connection that %s accepted to %s are read as they are, and none of one that is over",
  async (host, to) => {
    const server = net.createServer({ pauseOnConnect: true });
    cleanUps.push(() => server.close());
    server.listen(0, host);
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    const client = net.connect(port, to);
    cleanUps.push(() => client.destroy());
    const [accepted] = (await once(server, "connection")) as [net.Socket];
    expect(acceptedEndpoints(accepted)).toEqual({
      source: at(to, accepted.remotePort ?? 0),
      destination: at(to, port),
    });
    accepted.destroy();
    expect(acceptedEndpoints(accepted)).toBeUndefined();
  },
);
