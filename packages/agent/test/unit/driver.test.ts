import { createId } from "@arctic/core";
import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { type Store, StoreError } from "../../src/store/store.ts";
import { createMemoryNetwork } from "../../src/transport/memory-transport.ts";
import { until } from "../helpers/agents.ts";
import { createAuthority } from "../helpers/authority.ts";
import { bareDriver } from "../helpers/bare-driver.ts";
import { createMovedClock } from "../helpers/moved-clock.ts";
import { crypto, newIdentity } from "../helpers/records.ts";

function makeDriver() {
  const authority = createAuthority();
  const license = authority.issue();
  authority.remove();
  const identity = newIdentity();
  const memory = createMemoryStore();
  let failure: StoreError | undefined;
  const guard = () => {
    if (failure !== undefined) throw failure;
  };
  let refusal: StoreError | undefined;
  const store: Store = {
    ...memory,
    get refusal() {
      return refusal;
    },
    commit(change) {
      guard();
      memory.commit(change);
    },
    probe: guard,
  };
  const clock = createMovedClock();
  const network = createMemoryNetwork();
  const transport = network.transport("192.0.2.1:1");
  const driver = bareDriver({ store, clock, transport, identity, roots: authority.roots, license });
  const own = {
    name: "one",
    description: "",
    addresses: [],
    api_access: "full",
    cluster: { id: createId("clu", crypto, Date.now()), minted_by: identity.peerId, founded: false },
    tls_fingerprint: "ab".repeat(32),
    agent_version: "0.1.0",
    created_at: "2026-01-01T00:00:00.000Z",
  };
  const write = (name: string) =>
    driver.feed({ type: "write", kind: "peer", id: identity.peerId, body: { ...own, name } });
  const nameIn = () => driver.node.registry.live("peer")[0]?.body.name;
  return {
    driver,
    write,
    nameIn,
    memory,
    clock,
    network,
    fail: (next: StoreError | undefined) => (failure = next),
    refuse: (next: StoreError) => (refusal = next),
  };
}

describe("the driver", () => {
  it("has a write on disk when it answers", () => {
    const { driver, write, memory } = makeDriver();
    driver.start();
    expect(write("one").rejection).toBeUndefined();
    expect(memory.load().records).toHaveLength(1);
    driver.stop();
  });

  it("changes nothing where the disk refuses, and refuses writes until it takes them again", () => {
    const { driver, write, nameIn, fail, clock } = makeDriver();
    driver.start();
    write("one");
    fail(new StoreError("full", "there is no space on the disk"));
    expect(() => write("two")).toThrow(StoreError);
    expect(nameIn()).toBe("one");
    expect(driver.storageError?.reason).toBe("full");
    expect(() => write("three")).toThrow(StoreError);
    clock.pass(5000);
    expect(driver.storageError?.reason).toBe("full");
    fail(undefined);
    clock.pass(5000);
    expect(driver.storageError).toBeUndefined();
    expect(write("four").rejection).toBeUndefined();
    expect(nameIn()).toBe("four");
    driver.stop();
  });

  it("lets no operator's input reach the node while the store refuses writes, and keeps its links", async () => {
    const { driver, write, nameIn, refuse, network } = makeDriver();
    driver.start();
    write("one");
    const other = network.transport("192.0.2.2:1");
    const events: string[] = [];
    other.start((event) => events.push(event.type));
    refuse(new StoreError("full", "there is no space on the disk"));
    expect(() => write("two")).toThrow(StoreError);
    expect(() => driver.feed({ type: "join", address: "192.0.2.3:1", hosts: [] })).toThrow(StoreError);
    expect(() => driver.feed({ type: "leave" })).toThrow(StoreError);
    expect(nameIn()).toBe("one");
    expect(driver.storageError?.reason).toBe("full");
    other.dial({ dial: "d", address: "192.0.2.1:1" });
    await until("the link is open", () => events.includes("opened"));
    expect(driver.feed({ type: "wake" }).rejection).toBeUndefined();
    expect(events).not.toContain("closed");
    driver.stop();
  });

  it("says nothing to anybody after the disk refused", async () => {
    const { driver, write, fail, network } = makeDriver();
    driver.start();
    write("one");
    const other = network.transport("192.0.2.2:1");
    const events: string[] = [];
    other.start((event) => events.push(event.type));
    fail(new StoreError("full", "there is no space on the disk"));
    expect(() => write("two")).toThrow(StoreError);
    other.dial({ dial: "d", address: "192.0.2.1:1" });
    await until("the link is closed again", () => events.includes("closed"));
    expect(events).not.toContain("received");
    driver.stop();
  });
});
