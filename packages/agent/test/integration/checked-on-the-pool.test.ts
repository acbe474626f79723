import * as nodeCrypto from "node:crypto";
import { cryptoFromNode } from "@arctic/core";
import { expect, it } from "vitest";
import { startCluster } from "../helpers/cluster.ts";

const SERVICES = 60;

it("signatures in long frames are checked beside the event loop, and on it only looked up", async () => {
  const inner = cryptoFromNode(nodeCrypto);
  let handedOver = 0;
  const crypto = {
    ...inner,
    verifyAhead: (checks: Parameters<typeof inner.verifyAhead>[0]) => {
      handedOver += checks.length;
      return inner.verifyAhead(checks);
    },
  };
  const cluster = await startCluster(2, (index) => (index === 1 ? { crypto } : {}));
  try {
    const [writer, hearer] = [cluster.at(0), cluster.at(1)];
    await hearer.agent.agent.stop();
    for (let count = 0; count < SERVICES; count += 1)
      await writer.client.createService({ name: `service ${count}`, target_peer_id: hearer.made.peer_id });
    const before = handedOver;
    await hearer.agent.restart();
    await cluster.settle();
    expect(await hearer.client.allServices()).toHaveLength(SERVICES);
    expect(handedOver - before).toBeGreaterThanOrEqual(SERVICES / 2);
  } finally {
    await cluster.remove();
  }
});
