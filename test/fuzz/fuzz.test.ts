import { checkRecordProof } from "@arctic/core";
import { describe, expect, it } from "vitest";
import { serviceBody } from "../../packages/core/test/support/fixtures.ts";
import { createFakeCrypto } from "../simulation/fake-crypto.ts";
import { createRandom } from "../simulation/random.ts";
import { recordCorpus } from "./corpus.ts";
import { Pair } from "./pair.ts";
import { runBatch } from "./run.ts";

describe("mutated frames and documents", () => {
  it("crash nothing, change nothing that its owner did not sign, and are refused with a word", () => {
    const failures: string[] = [];
    const tries: Record<string, number> = {};
    for (let seed = 1; seed <= 12; seed += 1) {
      const result = runBatch(seed);
      failures.push(...result.failures.map((failure) => `npm run fuzz -- --runs 1000 --seed ${seed}: ${failure}`));
      for (const [target, count] of Object.entries(result.triesByTarget)) tries[target] = (tries[target] ?? 0) + count;
    }
    expect(failures).toEqual([]);
    expect(Object.keys(tries).sort()).toEqual(["document", "json", "member", "stranger", "text"]);
    for (const count of Object.values(tries)) expect(count).toBeGreaterThan(1500);
  });
});

describe("the fuzzer", () => {
  const corpus = recordCorpus(1);

  it("begins with every message that peers say", () => {
    const types = new Set(corpus.frames.map((frame) => (JSON.parse(frame) as { type: string }).type));
    for (const type of [
      "hello",
      "welcome",
      "proof",
      "heartbeat",
      "push",
      "offer",
      "want",
      "sketch",
      "buckets",
      "ping",
      "pong",
      "voucher",
      "voucher_wanted",
      "duplicate",
      "call",
      "answer",
    ])
      expect(types, type).toContain(type);
  });
  it("reaches the registry: a record that is rightly signed is taken over its link", () => {
    const pair = new Pair(corpus);
    const [owner] = corpus.peers;
    if (owner === undefined) throw new Error("there are peers");
    const held = pair.target.registry.size;
    const member = corpus.peers[3];
    if (member === undefined) throw new Error("there are four peers");
    corpus.world.feed(member, {
      type: "write",
      kind: "service",
      id: member.newServiceId(corpus.world.now),
      body: serviceBody(member.identity.peerId),
    });
    const written = [...member.stored.values()].filter(
      ({ kind, owner: by }) => kind === "service" && by === member.identity.peerId,
    );
    pair.sayAsMember(JSON.stringify({ type: "push", records: written }));
    expect(pair.target.registry.size).toBe(held + 1);
  });
  it("tells a forged record from a genuine one", () => {
    const record = JSON.parse(corpus.documents[0] ?? "{}");
    const crypto = createFakeCrypto(createRandom(0));
    expect(checkRecordProof(crypto, record).ok).toBe(true);
    expect(checkRecordProof(crypto, { ...record, version: record.version + 1 }).ok).toBe(false);
  });
});
