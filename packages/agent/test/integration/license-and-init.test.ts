import { base64urlFromBytes, createId, createIdentity, type License, rfc3339FromMs } from "@arctic/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../src/clock.ts";
import { bootstrapped, clientOf, startTestAgent, until } from "../helpers/agents.ts";
import { createAuthority } from "../helpers/authority.ts";
import { startCluster, type TestCluster } from "../helpers/cluster.ts";
import { loneAgent } from "../helpers/lone-agent.ts";
import { crypto } from "../helpers/records.ts";

const DAY_MS = 86_400_000;

describe("a license that is put in", () => {
  let cluster: TestCluster;
  const later = (terms: Partial<License> = {}) =>
    cluster.authority.issue({
      license_id: cluster.license.license_id,
      issued_at: rfc3339FromMs(Date.parse(cluster.license.issued_at) + 60_000),
      max_nodes: 20,
      ...terms,
    });

  beforeAll(async () => {
    cluster = await startCluster(3);
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it("goes to all peers, is answered with its state, and may be put in again", async () => {
    const renewed = later({ expires_at: rfc3339FromMs(Date.now() + 500 * DAY_MS) });
    const reply = await cluster.at(1).client.putLicense(renewed);
    expect(reply).toMatchObject({ license: renewed, state: "valid", days_left: 499 });
    for (const { client } of cluster.members)
      await until("the license everywhere", async () => (await client.getLicense()).license.max_nodes === 20);
    expect(await cluster.at(2).client.putLicense(renewed)).toMatchObject({ hash: reply.hash });
    await cluster.at(2).agent.restart();
    await until("the license outlives a restart", async () =>
      cluster
        .at(2)
        .client.getLicense()
        .then(({ hash }) => hash === reply.hash),
    );
    await cluster.settle();
    expect((await cluster.at(0).client.getStatus()).other_license_hashes).toEqual([]);
  });

  it("is refused where it succeeds nothing, is of another customer or root, or was changed", async () => {
    const { client } = cluster.at(0);
    const before = await client.getLicense();
    const refused = (license: object) => expect(client.putLicense(license)).rejects;
    await refused(cluster.license).toMatchObject({ status: 422, code: "LICENSE_INVALID" });
    await refused(cluster.authority.issue()).toMatchObject({ status: 422, code: "LICENSE_INVALID" });
    await refused({ ...later(), max_nodes: 9_999 }).toMatchObject({ status: 422, code: "LICENSE_INVALID" });
    await refused(later({ customer_id: createId("cust", crypto, Date.now()) })).toMatchObject({
      status: 422,
      code: "LICENSE_MISMATCH",
    });
    const foreign = createAuthority();
    await refused(foreign.issue()).toMatchObject({ status: 422, code: "LICENSE_INVALID" });
    foreign.remove();
    expect(await client.getLicense()).toEqual(before);
  });

  it("is refused by the field that is wrong, alone or as the field license", async () => {
    const { client } = cluster.at(0);
    const { max_nodes: _, ...short } = later();
    await expect(client.putLicense(short)).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/body\.license: .*max_nodes/),
    });
    await expect(client.putLicense({ ...later(), max_nodes: "many" })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("max_nodes"),
    });
  });
});

describe("the door of a fresh peer", () => {
  it("is shut after an hour, is opened for another one, and to one key where that is said", async () => {
    const authority = createAuthority();
    let laterMs = 0;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + laterMs };
    const start = () => startTestAgent(authority.rootsPath, {}, { clock });
    const [founder, guest] = [await start(), await start()];
    const license = authority.issue();
    const made = await bootstrapped(founder, license, "founder");
    const guestMade = await bootstrapped(guest, license, "guest");
    const [client, guestClient] = [clientOf(founder, made), clientOf(guest, guestMade)];
    try {
      laterMs = 2 * 3_600_000;
      for (const agent of [founder, guest]) await agent.restart();
      const add = () => client.addPeer({ address: guest.address() });
      await expect(add()).rejects.toMatchObject({
        status: 422,
        code: "HANDSHAKE_FAILED",
        message: expect.stringContaining("reopened"),
      });
      expect((await guestClient.getStatus()).fresh_until).toBeUndefined();
      const other = createIdentity(crypto, Date.now());
      await guestClient.reopen({ accept_key: base64urlFromBytes(other.publicKey) });
      await expect(add()).rejects.toMatchObject({ code: "HANDSHAKE_FAILED" });
      const { fresh_until } = await guestClient.reopen();
      expect(Date.parse(fresh_until) - clock.now()).toBeGreaterThan(3_500_000);
      await guest.restart();
      expect((await guestClient.getStatus()).fresh_until).toBe(fresh_until);
      expect(await add()).toMatchObject({ id: guestMade.peer_id });
      await until("it is a member", async () => (await client.getStatus()).converged);
      await expect(client.reopen()).rejects.toMatchObject({ status: 409, code: "CONFLICT" });
    } finally {
      for (const one of [client, guestClient]) one.close();
      for (const agent of [founder, guest]) await agent.remove();
      authority.remove();
    }
  });
});

describe("cluster init", () => {
  const lone = loneAgent();

  it("changes nothing on a peer that is alone, and with force makes it another cluster", async () => {
    const { agent, authority } = lone;
    const made = await bootstrapped(agent, authority.issue(), "alone");
    const client = clientOf(agent, made);
    expect(await client.initCluster()).toEqual({ cluster_id: made.cluster_id, client_id: made.client_id });
    const other = await client.createCredential();
    const anew = await client.initCluster({ force: true });
    expect(anew.cluster_id).not.toBe(made.cluster_id);
    expect(anew.client_id.slice(4)).toBe(anew.cluster_id.slice(4));
    await expect(client.allPeers()).rejects.toMatchObject({ status: 401 });
    await expect(clientOf(agent, other).allPeers()).rejects.toMatchObject({ status: 401 });

    const fresh = clientOf(agent, { ...made, client_id: anew.client_id, client_secret: anew.client_secret ?? "" });
    expect(await fresh.getIdentity()).toMatchObject({ cluster_id: anew.cluster_id, peer_id: made.peer_id });
    expect((await fresh.allCredentials()).map(({ client_id }) => client_id)).toEqual([anew.client_id]);
    await agent.restart();
    expect(await fresh.getStatus()).toMatchObject({ cluster_id: anew.cluster_id, cluster_id_aliases: [] });
    for (const one of [client, fresh]) one.close();
  });

  it("is refused where there are others, and says what to do", async () => {
    const cluster = await startCluster(2);
    try {
      const [a, b] = [cluster.at(0), cluster.at(1)];
      for (const body of [{}, { force: true }])
        await expect(a.client.initCluster(body)).rejects.toMatchObject({
          status: 409,
          code: "CONFLICT",
          message: expect.stringMatching(/not alone.*peers\/self/),
        });
      await expect(a.client.initCluster({ force: "yes" } as never)).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining("body.force"),
      });
      await a.client.deletePeer(b.made.peer_id);
      expect((await a.client.initCluster({ force: true })).client_secret).toMatch(/^sec_/);
    } finally {
      await cluster.remove();
    }
  });
});
