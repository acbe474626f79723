import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { issueVoucher } from "@arctic/core";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { checkedAhead } from "../../src/transport/checked-ahead.ts";
import { createMemoryNetwork } from "../../src/transport/memory-transport.ts";
import { createTlsIdentity } from "../../src/transport/tls.ts";
import type { Transport, TransportEvent } from "../../src/transport/transport.ts";
import { createWebSocketTransport } from "../../src/transport/websocket-transport.ts";
import { until } from "../helpers/agents.ts";
import { crypto, customerId, newIdentity } from "../helpers/records.ts";

interface Station {
  readonly transport: Transport;
  readonly address: string;
  readonly events: TransportEvent[];
  stop(): void;
}

let links = 0;

const cases = [
  {
    name: "memory transport",
    async pair(): Promise<[Station, Station]> {
      const network = createMemoryNetwork();
      const make = (address: string): Station => {
        const transport = network.transport(address);
        return { transport, address, events: [], stop: () => transport.stop() };
      };
      return [make("192.0.2.1:1"), make("192.0.2.2:1")];
    },
  },
  {
    name: "memory transport whose long frames are checked ahead",
    async pair(): Promise<[Station, Station]> {
      const network = createMemoryNetwork();
      const make = (address: string): Station => {
        const transport = checkedAhead(
          network.transport(address),
          () => new Promise((done) => setTimeout(done, 5)),
          () => Promise.resolve(),
        );
        return { transport, address, events: [], stop: () => transport.stop() };
      };
      return [make("192.0.2.1:1"), make("192.0.2.2:1")];
    },
  },
  {
    name: "websocket transport",
    async pair(): Promise<[Station, Station]> {
      return [await webSocketStation(), await webSocketStation()];
    },
  },
];

async function webSocketStation(): Promise<Station> {
  const transport = createWebSocketTransport({
    clock: systemClock,
    allowLoopback: true,
    createLinkId: () => {
      links += 1;
      return `link-${links}`;
    },
  });
  const tls = createTlsIdentity(crypto.randomBytes(16));
  const server = createServer({ key: tls.key, cert: tls.certificate, minVersion: "TLSv1.3" });
  server.on("upgrade", (request, socket, head) => transport.acceptUpgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    transport,
    address,
    events: [],
    stop() {
      transport.stop();
      server.close();
      server.closeAllConnections();
    },
  };
}

type Opened = Extract<TransportEvent, { type: "opened" }>;
const openedIn = (station: Station) => station.events.find((event): event is Opened => event.type === "opened");
const receivedIn = (station: Station) =>
  station.events.flatMap((event) => (event.type === "received" ? [event.text] : []));
const closedIn = (station: Station) => station.events.filter((event) => event.type === "closed");

describe.each(cases)("the $name", ({ pair }) => {
  let stations: [Station, Station] | undefined;
  afterEach(() => {
    for (const station of stations ?? []) station.stop();
  });

  const connected = async () => {
    const [near, far] = await pair();
    stations = [near, far];
    for (const station of stations) station.transport.start((event) => station.events.push(event));
    near.transport.dial({ dial: "dial-1", address: far.address });
    const out = await until("an outgoing link", () => openedIn(near));
    const back = await until("an incoming link", () => openedIn(far));
    return { near, far, out, back };
  };

  it("opens a link with one channel binding on both ends", async () => {
    const { near, out, back } = await connected();
    expect(out).toMatchObject({ direction: "out", dial: "dial-1" });
    expect(back).toMatchObject({ direction: "in", remoteHost: near.address.split(":")[0] });
    expect(out.binding).toHaveLength(32);
    expect(out.binding).toEqual(back.binding);
    expect(out.link).not.toBe(back.link);
  });

  it("carries text both ways, in order", async () => {
    const { near, far, out, back } = await connected();
    const texts = Array.from({ length: 50 }, (_, index) => `message ${index} ü`);
    for (const text of texts) near.transport.send(out.link, text);
    far.transport.send(back.link, "answer");
    await until("all texts", () => receivedIn(far).length === 50 && receivedIn(near).length === 1);
    expect(receivedIn(far)).toEqual(texts);
  });

  it("tells both ends once when one closes, and receives nothing more there", async () => {
    const { near, far, out, back } = await connected();
    far.transport.close(back.link);
    near.transport.send(out.link, "too late");
    await until("both ends closed", () => closedIn(near).length === 1 && closedIn(far).length === 1);
    expect(receivedIn(far)).toEqual([]);
    far.transport.close(back.link);
    far.transport.send(back.link, "nobody hears");
    expect(closedIn(far)).toHaveLength(1);
  });

  it("says when a dial fails", async () => {
    const [near, far] = await pair();
    stations = [near, far];
    near.transport.start((event) => near.events.push(event));
    near.transport.dial({ dial: "dial-2", address: "127.0.0.1:1" });
    const failed = await until("the failure", () => near.events.find((event) => event.type === "dial_failed"));
    expect(failed).toMatchObject({ dial: "dial-2" });
  });

  it("hands a voucher over at the doorstep", async () => {
    const [near, far] = await pair();
    stations = [near, far];
    for (const station of stations) station.transport.start((event) => station.events.push(event));
    const newcomer = newIdentity();
    const voucher = issueVoucher(crypto, newIdentity(), newcomer, customerId, Date.now());
    near.transport.dial({ dial: "dial-3", address: far.address, voucher });
    const back = await until("an incoming link", () => openedIn(far));
    expect(back.direction === "in" && back.voucher).toEqual(voucher);
  });

  it("reports nothing after it was stopped", async () => {
    const { near, far, out } = await connected();
    far.transport.stop();
    const { length } = far.events;
    near.transport.send(out.link, "hello?");
    await until("near is told", () => closedIn(near).length === 1);
    expect(far.events).toHaveLength(length);
  });
});

describe("the websocket transport", () => {
  it("does not dial loopback unless that is allowed, nor link-local or metadata addresses ever", async () => {
    for (const [allowLoopback, address] of [
      [false, "127.0.0.1:9"],
      [false, "[::1]:9"],
      [true, "169.254.169.254:80"],
      [true, "[fe80::1]:80"],
      [true, "0.0.0.0:80"],
      [true, "[fd00:ec2::254]:80"],
    ] as const) {
      const transport = createWebSocketTransport({ clock: systemClock, allowLoopback, createLinkId: () => "x" });
      const events: TransportEvent[] = [];
      transport.start((event) => events.push(event));
      transport.dial({ dial: "d", address });
      const [event] = await until("an answer", () => (events.length > 0 ? events : undefined));
      expect(event).toMatchObject({ type: "dial_failed", reason: expect.stringMatching(/loopback|never dialled/) });
      transport.stop();
    }
  });

  it("drops a link over which a frame larger than 1 MiB comes", async () => {
    const [near, far] = [await webSocketStation(), await webSocketStation()];
    for (const station of [near, far]) station.transport.start((event) => station.events.push(event));
    near.transport.dial({ dial: "d", address: far.address });
    const out = await until("a link", () => openedIn(near));
    near.transport.send(out.link, "x".repeat(1024 * 1024 + 1));
    await until("the far end closed it", () => closedIn(far).length === 1);
    expect(receivedIn(far)).toEqual([]);
    for (const station of [near, far]) station.stop();
  });
});
