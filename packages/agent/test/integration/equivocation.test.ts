import { base64urlFromBytes, createId, issueRecord, type License, rfc3339FromMs } from "@arctic/core";
import { expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { createWebSocketTransport } from "../../src/transport/websocket-transport.ts";
import { bootstrapped, clientOf, until } from "../helpers/agents.ts";
import { bareDriver } from "../helpers/bare-driver.ts";
import { loneAgent } from "../helpers/lone-agent.ts";
import { crypto, newIdentity } from "../helpers/records.ts";

const lone = loneAgent();

/** A member without an agent, which says on its link whatever the test says. */
function bareMember(license: License) {
  const identity = newIdentity();
  const transport = createWebSocketTransport({
    clock: systemClock,
    allowLoopback: true,
    createLinkId: () => base64urlFromBytes(crypto.randomBytes(12)),
  });
  const { roots } = lone.authority;
  const driver = bareDriver({ store: createMemoryStore(), transport, identity, roots, license });
  driver.start();
  return { driver, identity, transport };
}

it("an owner that signs two contents under one version is told of: in log, status, health and metrics", async () => {
  const { agent, authority } = lone;
  const license = authority.issue();
  const made = await bootstrapped(agent, license, "witness");
  const { driver, identity, transport } = bareMember(license);
  const client = clientOf(agent, made);
  try {
    driver.feed({ type: "join", address: agent.address(), hosts: ["127.0.0.1"] });
    const link = await until("they are linked", () => driver.node.peers.get(made.peer_id)?.link);
    const head = {
      kind: "service",
      id: createId("svc", crypto, Date.now()),
      version: Date.now() * 1024,
      customerId: license.customer_id,
    };
    const twins = ["one", "two"].map((name) =>
      issueRecord(crypto, identity, head, {
        body: {
          name,
          target_peer_id: made.peer_id,
          transport_type: "tcp",
          requires_interface: false,
          fully_transparent: false,
          bandwidth_limit_mbps: 0,
          routes: [],
          created_at: rfc3339FromMs(Date.now()),
        },
      }),
    );
    transport.send(link, JSON.stringify({ type: "push", records: twins }));
    const { equivocations } = await until("the second one was seen", async () => {
      const status = await client.getStatus();
      return status.equivocations.count === 1 ? status : undefined;
    });
    expect(JSON.stringify(equivocations.latest)).toContain(identity.peerId);
    expect((await client.getReady()).checks).toContainEqual({
      name: "records",
      status: "warning",
      reason: expect.stringMatching(/two contents under one version, 1 times: is a host cloned/),
    });
    const line = agent.logLines.find((text) => text.includes('"registry.equivocation"')) ?? "{}";
    expect(JSON.parse(line)).toMatchObject({ level: "error" });
    expect(line).toContain(head.id);
    expect(await client.getMetrics()).toMatch(/^arctic_equivocations_total 1$/m);
    expect(await client.allServices()).toHaveLength(1);
  } finally {
    client.close();
    driver.stop();
  }
});
