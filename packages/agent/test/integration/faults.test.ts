import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Bootstrapped, Client } from "../../src/api/client.ts";
import { createTlsIdentity } from "../../src/transport/tls.ts";
import { type AgentProcess, loopbackEnvironment, startAgentProcess } from "../helpers/agent-process.ts";
import { type Authority, createAuthority } from "../helpers/authority.ts";
import {
  frame,
  openLink,
  openPlain,
  openTls,
  type RawSocket,
  USUAL_UPGRADE,
  upgradeRequest,
} from "../helpers/raw-socket.ts";

/** RFC 8446 section 5.1. */
const TLS_ALERT = 0x15;

/** Three answers, on a host that is busy with other tests. */
const HEALTHY_MS = 3_000;

/** Who means ill comes from here; the agent tells callers apart by their addresses. */
const ATTACKER = "127.0.0.66";

describe("an agent's port under attack", () => {
  let authority: Authority;
  let stateDir = "";
  let agent: AgentProcess;
  let made: Bootstrapped;
  let client: Client;
  const open: RawSocket[] = [];

  beforeAll(async () => {
    authority = createAuthority();
    stateDir = mkdtempSync(join(tmpdir(), "arctic-faults-"));
    agent = await startAgentProcess({ environment: loopbackEnvironment(stateDir, authority.rootsPath) });
    made = await agent.client().bootstrap({ license: authority.issue(), name: "attacked" });
    client = agent.client({ type: "credentials", clientId: made.client_id, clientSecret: made.client_secret });
  });
  afterEach(() => {
    for (const raw of open.splice(0)) raw.socket.destroy();
  });
  afterAll(async () => {
    client?.close();
    await agent?.end("SIGKILL");
    authority.remove();
    rmSync(stateDir, { recursive: true, force: true });
  });

  const target = () => ({ port: agent.port, from: ATTACKER });
  const keep = async (opening: Promise<RawSocket>) => {
    const raw = await opening;
    open.push(raw);
    return raw;
  };
  const many = (count: number, make: () => Promise<RawSocket>) =>
    Promise.all(Array.from({ length: count }, () => keep(make())));
  /** An honest caller is answered at once. */
  const expectHealthy = async () => {
    const startedAt = performance.now();
    expect((await client.getLive()).status).toBe("ok");
    expect((await client.getReady()).status).toBe("ready");
    expect((await client.getPeer(made.peer_id)).name).toBe("attacked");
    expect(performance.now() - startedAt).toBeLessThan(HEALTHY_MS);
  };
  const residentMegabytes = () =>
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${agent.child.pid}/status`, "utf8"))?.[1]) / 1024;

  it("holds at most 32 connections of one address, cuts slow headers, and answers others meanwhile", async () => {
    const sockets = await many(80, () => openPlain(target()));
    for (const { socket } of sockets) socket.write("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    const dribble = setInterval(() => {
      for (const { socket } of sockets) if (!socket.destroyed) socket.write("a");
    }, 300);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(sockets.filter((raw) => !raw.isClosed()).length).toBeLessThanOrEqual(32);
    await expectHealthy();
    const ends = await Promise.all(sockets.map((raw) => raw.closed(7_000)));
    clearInterval(dribble);
    expect(ends.filter((text) => text === undefined)).toEqual([]);
    await expectHealthy();
  });

  it("cuts a body that does not come, over TLS too", async () => {
    const request = "POST /v1/bootstrap HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    const sockets = [await keep(openPlain(target())), await keep(openTls(target()))];
    for (const { socket } of sockets) socket.write(`${request}Content-Length: 1000\r\n\r\n{`);
    const dribble = setInterval(() => {
      for (const { socket } of sockets) if (!socket.destroyed) socket.write(" ");
    }, 500);
    await expectHealthy();
    const ends = await Promise.all(sockets.map((raw) => raw.closed(12_000)));
    clearInterval(dribble);
    for (const text of ends) expect(text).not.toBeUndefined();
  }, 20_000);

  it.each([
    ["a header of 64 KiB", `X-Big: ${"a".repeat(65_536)}\r\n`, /^HTTP\/1.1 431|^$/],
    ["ten thousand headers", "X-A: b\r\n".repeat(10_000), /^HTTP\/1.1 431|^$/],
    ["a header that is none", "X-A\u0000: b\r\n", /^HTTP\/1.1 400|^$/],
    ["two lengths", "Content-Length: 1\r\nContent-Length: 2\r\n", /^HTTP\/1.1 400|^$/],
    ["a length and chunks", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", /^HTTP\/1.1 400|^$/],
  ])("refuses %s and closes", async (_, header, reply) => {
    const raw = await keep(openPlain(target()));
    raw.socket.write(`GET /livez HTTP/1.1\r\nHost: localhost\r\n${header}\r\n`);
    expect(await raw.closed(6_000)).toMatch(reply);
    await expectHealthy();
  });

  it("stops reading a body at 1 MiB, whatever its length is said to be", async () => {
    const before = residentMegabytes();
    const request = "POST /v1/bootstrap HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    const declared = await keep(openPlain(target()));
    declared.socket.write(`${request}Content-Length: 999999999\r\n\r\n`);
    const chunked = await keep(openPlain(target()));
    chunked.socket.write(`${request}Transfer-Encoding: chunked\r\n\r\n`);
    const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
    for (let sent = 0; sent < 64 && !chunked.isClosed(); sent += 1) {
      chunked.socket.write(chunk);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const raw of [declared, chunked]) {
      await raw.closed(12_000);
      expect(raw.received()).toMatch(/^HTTP\/1.1 4(09|13)/);
    }
    expect(residentMegabytes() - before).toBeLessThan(60);
    await expectHealthy();
  }, 30_000);

  it("drops what is no TLS 1.3, and a TLS handshake that is not finished", async () => {
    const garbage = await keep(openPlain(target()));
    garbage.socket.write(Buffer.concat([Buffer.from([0x16, 3, 1, 0, 100]), Buffer.alloc(100, 0xff)]));
    const halfway = await keep(openPlain(target()));
    halfway.socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1]));
    // An alert or nothing, and never a word of HTTP.
    for (const raw of [garbage, halfway]) {
      const text = await raw.closed(8_000);
      expect(text).not.toBeUndefined();
      if (text !== "") expect(text?.charCodeAt(0)).toBe(TLS_ALERT);
    }
    await expectHealthy();
  }, 15_000);

  it("gives a link to nobody who asks for it wrongly", async () => {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ["another path", upgradeRequest("/v1/other"), /^HTTP\/1.1 404/],
      ["no subprotocol", upgradeRequest("/v1/gossip", USUAL_UPGRADE.slice(0, 3)), /^HTTP\/1.1 400/],
      [
        "a web page",
        upgradeRequest("/v1/gossip", [...USUAL_UPGRADE, "Origin: https://evil.example"]),
        /^HTTP\/1.1 403/,
      ],
    ];
    for (const [name, request, reply] of cases) {
      const raw = await keep(openTls(target()));
      raw.socket.write(request);
      expect(await raw.closed(5_000), name).toMatch(reply);
    }
    const plain = await keep(openPlain(target()));
    plain.socket.write(upgradeRequest());
    expect(await plain.closed(5_000)).toMatch(/^HTTP\/1.1 426/);
    await expectHealthy();
  });

  it.each([
    ["a frame over 1 MiB", () => [frame(1, Buffer.alloc(1024 * 1024 + 1, 0x20))]],
    ["a frame that says it is 2^62 bytes long", () => [hugeFrame()]],
    ["a text in a thousand fragments", () => fragments(1_000, 10)],
    ["fragments that never end", () => fragments(60, 40_000)],
    ["a flood of pings", () => Array.from({ length: 5_000 }, () => frame(9, Buffer.alloc(100)))],
    ["a flood of tiny texts", () => Array.from({ length: 5_000 }, () => frame(1, Buffer.from("{}")))],
    ["bytes that are no text", () => [frame(2, Buffer.from("{}"))]],
    ["a text that is not UTF-8", () => [frame(1, Buffer.from([0xff, 0xfe, 0x80]))]],
    ["a frame without a mask", () => [frame(1, Buffer.from("{}"), { isMasked: false })]],
    ["an opcode that does not exist", () => [frame(7, Buffer.from("{}"))]],
    ["a continuation of nothing", () => [frame(0, Buffer.from("{}"))]],
    ["JSON that is nested a hundred thousand times", () => [frame(1, Buffer.from("[".repeat(100_000)))]],
    ["words before the handshake", () => [frame(1, Buffer.from('{"type":"push","records":[]}'))]],
  ])("closes a link over which comes %s, and that link alone", async (_, frames) => {
    const before = residentMegabytes();
    const quiet = await keep(openLink({ port: agent.port }));
    const raw = await keep(openLink(target()));
    expect(raw.received()).toMatch(/^HTTP\/1.1 101/);
    for (const bytes of frames()) if (!raw.isClosed()) raw.socket.write(bytes);
    expect(await raw.closed(5_000)).not.toBeUndefined();
    expect(quiet.isClosed()).toBe(false);
    expect(residentMegabytes() - before).toBeLessThan(60);
    await expectHealthy();
  });

  it("holds few links on which nothing is said, and lets honest callers in beside them", async () => {
    const links = await many(120, () => openLink(target()));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(links.filter((raw) => !raw.isClosed()).length).toBeLessThanOrEqual(64);
    await expectHealthy();
  });

  it("has grown little by all of that", async () => {
    expect(residentMegabytes()).toBeLessThan(220);
    expect(agent.lines("driver.input_failed")).toEqual([]);
    expect(agent.lines("api.failed")).toEqual([]);
  });
});

describe("peers add as a way into other hosts' services", () => {
  let authority: Authority;
  let stateDir = "";
  let agent: AgentProcess;
  let client: Client;
  const servers: Server[] = [];
  const CANARY = "what-only-the-inner-service-says";

  beforeAll(async () => {
    authority = createAuthority();
    stateDir = mkdtempSync(join(tmpdir(), "arctic-ssrf-"));
    agent = await startAgentProcess({ environment: loopbackEnvironment(stateDir, authority.rootsPath) });
    const made = await agent.client().bootstrap({ license: authority.issue(), name: "asked" });
    client = agent.client({ type: "credentials", clientId: made.client_id, clientSecret: made.client_secret });
  });
  afterAll(async () => {
    client?.close();
    await agent?.end("SIGKILL");
    for (const server of servers) server.close();
    authority.remove();
    rmSync(stateDir, { recursive: true, force: true });
  });

  const listening = (server: Server) =>
    new Promise<number>((resolve) => {
      servers.push(server);
      server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    });

  it("tells nothing of what answers there, and follows it nowhere", async () => {
    let asked = 0;
    const inner = await listening(
      createServer((_, response) => {
        asked += 1;
        response.end(CANARY);
      }),
    );
    const { certificate, key } = createTlsIdentity(Buffer.alloc(16, 1));
    const outer = await listening(
      createTlsServer({ cert: certificate, key }, (_, response) => {
        response.writeHead(302, { location: `http://127.0.0.1:${inner}/${CANARY}`, "x-secret": CANARY });
        response.end(CANARY);
      }),
    );
    const tries = [inner, outer].map((port) =>
      client.addPeer({ address: `127.0.0.1:${port}` }).then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    for (const failure of await Promise.all(tries)) {
      expect(failure).toMatchObject({ status: 422 });
      expect(JSON.stringify([String(failure), failure])).not.toContain(CANARY);
    }
    expect(asked).toBe(0);
    expect(agent.log()).not.toContain(CANARY);
  }, 60_000);

  it.each([
    "169.254.169.254:80",
    "[fe80::1]:80",
    "[64:ff9b::a9fe:a9fe]:80",
    "0.0.0.0:80",
    "[::]:80",
    "100.100.100.200:80",
    "[fd00:ec2::254]:80",
    "224.0.0.1:80",
    "[ff02::1]:80",
    "255.255.255.255:80",
  ])("does not dial %s", async (address) => {
    await expect(client.addPeer({ address })).rejects.toMatchObject({
      status: expect.toSatisfy((status: number) => status === 400 || status === 422),
      message: expect.stringMatching(/never dialled|not host:port|address/),
    });
  });

  it.each(["http://192.0.2.1:80", "user@192.0.2.1:80", "192.0.2.1", "2130706433:80", "0x7f.1:80", "192.0.2.1:80/path"])(
    "takes %s for no address",
    async (address) => {
      await expect(client.addPeer({ address })).rejects.toMatchObject({ status: 400 });
    },
  );
});

function fragments(count: number, bytes: number): Buffer[] {
  const payload = Buffer.alloc(bytes, 0x20);
  return [
    frame(1, payload, { isLast: false }),
    ...Array.from({ length: count }, () => frame(0, payload, { isLast: false })),
  ];
}

function hugeFrame(): Buffer {
  const head = Buffer.alloc(14);
  head[0] = 0x81;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(2n ** 62n, 2);
  return head;
}
