import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { createLinkIdentity, type LinkIdentity } from "../../src/pegasus/certificate.ts";
import { encodeFin } from "../../src/pegasus/frame.ts";
import { LINK_TLS } from "../../src/pegasus/link.ts";
import { LinkServer } from "../../src/pegasus/link-server.ts";
import { PeerLinks } from "../../src/pegasus/peer-links.ts";
import { freePort } from "./pegasus/relay-world.ts";

const PEER_ID = "peer_01ARZ3NDEKTSV4RRFFQ69G5FAA";
const identities = {
  dialler: createLinkIdentity(new Date()),
  dialled: createLinkIdentity(new Date()),
  stranger: createLinkIdentity(new Date()),
};
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

async function serve(known: () => readonly string[]) {
  const port = await freePort();
  const server = await LinkServer.listen({
    identity: identities.dialled,
    port,
    isKnown: (fingerprint) => known().includes(fingerprint),
    onOpen: (flow) => flow.reset("not_admitted"),
  });
  cleanUps.push(() => {
    server.closeLinks("the test is over");
    server.stopListening();
  });
  return { port, server };
}

function dial(port: number, identity: LinkIdentity, tlsFingerprint: string, addresses = ["127.0.0.1"]): PeerLinks {
  const links = new PeerLinks(
    { peerId: PEER_ID, addresses, port, tlsFingerprint },
    { identity, count: 2, random: Math.random },
  );
  cleanUps.push(() => links.close("the test is over"));
  return links;
}

const isUpWithin = (links: PeerLinks, waitMs: number) =>
  new Promise<boolean>((resolve) => links.whenUp(waitMs, (link) => resolve(link !== undefined)));

/** A bare TLS client; resolves to all that the server ever sent, once it is cut off. */
async function bareClient(
  port: number,
  options: tls.ConnectionOptions,
  says: Buffer,
): Promise<{ got: number; isTls: boolean }> {
  const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  let got = 0;
  let isTls = false;
  socket.on("secureConnect", () => {
    isTls = true;
    socket.write(says);
  });
  socket.on("data", (bytes: Buffer) => {
    got += bytes.length;
  });
  socket.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("it was not cut off")), 8000);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return { got, isTls };
}

describe("links", () => {
  test("come up between two peers that know each other's certificates", async () => {
    const { port, server } = await serve(() => [identities.dialler.tlsFingerprint]);
    const links = dial(port, identities.dialler, identities.dialled.tlsFingerprint);
    expect(await isUpWithin(links, 5000)).toBe(true);
    await sleep(200);
    expect(links.openCount).toBe(2);
    expect(server.links.size).toBe(2);
    expect(links.lastError).toBeUndefined();
  });

  test("do not come up to a peer with another certificate than its record says", async () => {
    const { port, server } = await serve(() => [identities.dialler.tlsFingerprint]);
    const links = dial(port, identities.dialler, identities.stranger.tlsFingerprint);
    expect(await isUpWithin(links, 1000)).toBe(false);
    expect(links.lastError).toContain("not the one in its peer record");
    expect(server.links.size).toBe(0);
  });

  test("do not come up for a stranger, who gets not one byte and can open no flow", async () => {
    const { port, server } = await serve(() => [identities.dialler.tlsFingerprint]);
    const links = dial(port, identities.stranger, identities.dialled.tlsFingerprint);
    expect(await isUpWithin(links, 1000)).toBe(false);
    expect(links.lastError).toContain("does not know this host's certificate");
    expect(server.links.size).toBe(0);
  });

  test.each<[string, tls.ConnectionOptions]>([
    [
      "the certificate of a stranger",
      {
        key: identities.stranger.privateKey,
        cert: identities.stranger.certificate,
        ALPNProtocols: [...LINK_TLS.ALPNProtocols],
      },
    ],
    ["no certificate", { ALPNProtocols: [...LINK_TLS.ALPNProtocols] }],
    ["no protocol name", { key: identities.dialler.privateKey, cert: identities.dialler.certificate }],
    [
      "another protocol",
      { key: identities.dialler.privateKey, cert: identities.dialler.certificate, ALPNProtocols: ["h2"] },
    ],
    [
      "TLS 1.2",
      {
        key: identities.dialler.privateKey,
        cert: identities.dialler.certificate,
        maxVersion: "TLSv1.2",
        ALPNProtocols: [...LINK_TLS.ALPNProtocols],
      },
    ],
  ])("are cut off without a byte for who comes with %s", async (_, options) => {
    const { port, server } = await serve(() => [identities.dialler.tlsFingerprint]);
    const { got } = await bareClient(port, options, Buffer.alloc(100));
    expect(got).toBe(0);
    expect(server.links.size).toBe(0);
  });

  test("are cut off over a frame that breaks the protocol", async () => {
    const { port, server } = await serve(() => [identities.dialler.tlsFingerprint]);
    const { privateKey: key, certificate: cert } = identities.dialler;
    const { isTls } = await bareClient(port, { key, cert, ALPNProtocols: [...LINK_TLS.ALPNProtocols] }, encodeFin(5));
    expect(isTls).toBe(true);
    expect(server.links.size).toBe(0);
  });

  test("are closed when their peer leaves the plan, and stay away", async () => {
    let known = [identities.dialler.tlsFingerprint];
    const { port, server } = await serve(() => known);
    const links = dial(port, identities.dialler, identities.dialled.tlsFingerprint);
    expect(await isUpWithin(links, 5000)).toBe(true);
    known = [];
    server.review();
    await sleep(300);
    expect([links.openCount, server.links.size]).toEqual([0, 0]);
    known = [identities.dialler.tlsFingerprint];
    expect(await isUpWithin(links, 5000)).toBe(true);
  });

  test("come up by the second address when the first does not answer", async () => {
    const { port } = await serve(() => [identities.dialler.tlsFingerprint]);
    const links = dial(port, identities.dialler, identities.dialled.tlsFingerprint, ["127.0.0.2", "::1", "127.0.0.1"]);
    expect(await isUpWithin(links, 5000)).toBe(true);
  });

  test("keep at bay who only connects and says nothing", async () => {
    const { port } = await serve(() => [identities.dialler.tlsFingerprint]);
    const idle = Array.from({ length: 80 }, () => net.connect(port, "127.0.0.1").on("error", () => {}));
    cleanUps.push(() => {
      for (const socket of idle) socket.destroy();
    });
    let closed = 0;
    for (const socket of idle) socket.on("close", () => (closed += 1));
    await sleep(500);
    expect(closed).toBeGreaterThanOrEqual(80 - 64);
  });
});
