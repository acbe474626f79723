import { createId, rfc3339FromMs } from "@arctic/core";
import { expect, it } from "vitest";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import type { Change, Store } from "../../src/store/store.ts";
import { createMemoryNetwork } from "../../src/transport/memory-transport.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { until } from "../helpers/agents.ts";
import { createAuthority } from "../helpers/authority.ts";
import { bareDriver } from "../helpers/bare-driver.ts";
import { crypto, newIdentity } from "../helpers/records.ts";

const authority = createAuthority();
const license = authority.issue();
authority.remove();
const network = createMemoryNetwork();

/** A peer that tells, in their order, which descriptions of itself it stores and sends. */
function peerAt(address: string, told: string[]) {
  const identity = newIdentity();
  const memory = createMemoryStore();
  const written: string[] = [];
  const onDisk = (words: readonly string[]) => told.push(...words.map((word) => `stored ${word}`));
  const store: Store = {
    ...memory,
    refusal: undefined,
    commit(change) {
      memory.commit(change);
      onDisk([...written.splice(0), ...wordsOf(change)]);
    },
    write(change) {
      memory.write(change);
      written.push(...wordsOf(change));
    },
    async flush() {
      const words = [...written];
      await new Promise((resolve) => setTimeout(resolve, 5));
      onDisk(words.filter((word) => written.includes(word)));
      written.splice(0, words.length);
    },
  };
  const wire = network.transport(address);
  const transport: Transport = {
    ...wire,
    send(link, text) {
      for (const word of descriptionsIn(text)) told.push(`sent ${word}`);
      wire.send(link, text);
    },
  };
  const { roots } = authority;
  const driver = bareDriver({ store, transport, identity, roots, license, freshMs: 60_000 });
  const clusterId = createId("clu", crypto, Date.now());
  const write = (description: string) =>
    driver.feed({
      type: "write",
      kind: "peer",
      id: identity.peerId,
      body: {
        name: "one",
        description,
        addresses: [address],
        api_access: "full",
        cluster: { id: clusterId, minted_by: identity.peerId, founded: false },
        tls_fingerprint: "ab".repeat(32),
        agent_version: "0.1.0",
        created_at: rfc3339FromMs(Date.now()),
      },
    });
  driver.start();
  return { driver, write, identity };
}

const wordsOf = (change: Change) => descriptionsIn(JSON.stringify(change));

const descriptionsIn = (text: string) =>
  [...text.matchAll(/"description":"(word \d+)"/g)].map((match) => match[1] ?? "");

it("what a peer writes is on its disk before it is on the wire, and what it hears is soon on its disk", async () => {
  const [near, far]: [string[], string[]] = [[], []];
  const [one, two] = [peerAt("192.0.2.1:1", near), peerAt("192.0.2.2:1", far)];
  try {
    for (const { write } of [one, two]) write("");
    one.driver.feed({ type: "join", address: "192.0.2.2:1", hosts: ["192.0.2.2"] });
    await until("they are one cluster", () => two.driver.node.peers.isMember(one.identity.peerId));
    await until("the one writes", () => one.write("word 0").rejection === undefined);
    for (let count = 1; count <= 5; count += 1) one.write(`word ${count}`);
    await until("the other has it", () => far.includes("stored word 5"));
    for (let count = 1; count <= 5; count += 1) {
      const [stored, sent] = [near.indexOf(`stored word ${count}`), near.indexOf(`sent word ${count}`)];
      expect(sent).toBeGreaterThan(-1);
      expect(stored).toBeGreaterThan(-1);
      expect(stored).toBeLessThan(sent);
    }
  } finally {
    for (const { driver } of [one, two]) driver.stop();
  }
});
