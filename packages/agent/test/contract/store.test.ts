import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { base64urlFromBytes, createId, recordKey } from "@arctic/core";
import { afterEach, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import type { Facts, Store } from "../../src/store/store.ts";
import { createAuthority } from "../helpers/authority.ts";
import { crypto, customerId, newIdentity, recordOf } from "../helpers/records.ts";

interface Case {
  readonly name: string;
  /** Opens the same store again, as a restart would. */
  open(): { store: Store; reopen(): Store; remove(): void };
}

const cases: Case[] = [
  {
    name: "memory store",
    open() {
      const store = createMemoryStore();
      return { store, reopen: () => store, remove: () => undefined };
    },
  },
  {
    name: "sqlite store",
    open() {
      const directory = mkdtempSync(join(tmpdir(), "arctic-store-"));
      const path = join(directory, "arctic.sqlite");
      let store = openSqliteStore(path);
      return {
        store,
        reopen() {
          store.close();
          store = openSqliteStore(path);
          return store;
        },
        remove() {
          store.close();
          rmSync(directory, { recursive: true, force: true });
        },
      };
    },
  },
];

describe.each(cases)("the $name", ({ open }) => {
  let opened: ReturnType<Case["open"]> | undefined;
  afterEach(() => opened?.remove());

  const owner = newIdentity();
  const facts: Facts = {
    peer_id: owner.peerId,
    public_key: base64urlFromBytes(owner.publicKey),
    cluster_id: createId("clu", crypto, Date.now()),
    customer_id: customerId,
    client_id: createId("cli", crypto, Date.now()),
    bootstrapped_at: 1,
    fresh_until: 2,
  };
  const service = (name: string) => recordOf(owner, "app.note", name, { text: name });

  it("is empty at first", () => {
    opened = open();
    expect(opened.store.load()).toEqual({ facts: undefined, license: undefined, records: [], book: [], flags: {} });
  });

  it("gives everything back after a restart", () => {
    opened = open();
    const authority = createAuthority();
    const license = authority.issue();
    authority.remove();
    const records = [service("one"), service("two")];
    const book = [
      { peer: owner.peerId, provenAddresses: ["192.0.2.1:8080"], reachability: "idle" as const, lastSeenAt: 3 },
    ];
    opened.store.commit({ records, book, facts, license, flags: { hasLeft: true } });
    expect(opened.reopen().load()).toEqual({ facts, license, records, book, flags: { hasLeft: true } });
  });

  it("replaces by key and drops by key", () => {
    opened = open();
    const [first, second] = [service("one"), service("two")];
    opened.store.commit({ records: [first, second] });
    const newer = recordOf(owner, "app.note", "one", { text: "newer" }, first.version + 1);
    opened.store.commit({ records: [newer], drop: [recordKey(second)] });
    expect(opened.reopen().load().records).toEqual([newer]);
  });

  it("keeps what a commit does not name", () => {
    opened = open();
    opened.store.commit({ facts, flags: { isCloned: true } });
    opened.store.commit({ records: [service("one")] });
    const loaded = opened.reopen().load();
    expect(loaded.facts).toEqual(facts);
    expect(loaded.flags).toEqual({ isCloned: true });
  });

  it("is not changed by what a caller does to the values afterwards", () => {
    opened = open();
    opened.store.commit({ records: [service("one")] });
    (opened.store.load().records as unknown[]).push("garbage");
    expect(opened.store.load().records).toHaveLength(1);
  });
});

describe("the sqlite store on its file", () => {
  it("is opened by one process alone", () => {
    const directory = mkdtempSync(join(tmpdir(), "arctic-store-"));
    const path = join(directory, "arctic.sqlite");
    const store = openSqliteStore(path);
    expect(() => openSqliteStore(path)).toThrow(/another agent uses/);
    store.close();
    openSqliteStore(path).close();
    rmSync(directory, { recursive: true, force: true });
  });
});
