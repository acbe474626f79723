import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { recordKey } from "@arctic/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { MIGRATIONS, migrate } from "../../src/store/schema.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { createAuthority } from "../helpers/authority.ts";
import { factsOf, newIdentity, recordOf } from "../helpers/records.ts";

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
  const facts = factsOf(owner);
  const service = (name: string) => recordOf(owner, "app.note", name, { text: name });

  it("is empty at first", () => {
    opened = open();
    expect(opened.store.load()).toEqual({
      facts: undefined,
      license: undefined,
      records: [],
      book: [],
      flags: {},
      outcomes: [],
    });
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
    const outcomes = [
      { key: "cli_A one", digest: "x", at: 1, answer: "{}" },
      { key: "cli_A two", digest: "y", at: 2 },
    ];
    const all = { records, book, facts, license, flags: { hasLeft: true }, outcomes };
    opened.store.commit({ ...all, outcomes: [...outcomes].reverse() });
    const reopened = opened.reopen();
    expect(reopened.load()).toEqual(all);
    reopened.commit({ forget: ["cli_A one"], outcomes: [{ key: "cli_A two", digest: "y", at: 2, answer: "{}" }] });
    expect(opened.reopen().load().outcomes).toEqual([{ key: "cli_A two", digest: "y", at: 2, answer: "{}" }]);
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

  it("gives back what was written and flushed, together with what was committed", async () => {
    opened = open();
    opened.store.write({ records: [service("one")] });
    opened.store.commit({ records: [service("two")] });
    opened.store.write({ flags: { hasLeft: true } });
    await opened.store.flush();
    const loaded = opened.reopen().load();
    expect(loaded.records.map(({ id }) => id)).toEqual(["one", "two"]);
    expect(loaded.flags).toEqual({ hasLeft: true });
  });

  it("is not changed by what a caller does to the values afterwards", () => {
    opened = open();
    opened.store.commit({ records: [service("one")] });
    (opened.store.load().records as unknown[]).push("garbage");
    expect(opened.store.load().records).toHaveLength(1);
  });
});

describe("the sqlite store on its file", () => {
  let directory = "";
  let path = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "arctic-store-"));
    path = join(directory, "arctic.sqlite");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const fill = () => {
    const store = openSqliteStore(path);
    const owner = newIdentity();
    for (let at = 0; at < 200; at += 1)
      store.commit({ records: [recordOf(owner, "app.note", `note-${at}`, { text: "x".repeat(500) })] });
    store.close();
  };

  it("is opened by one process alone", () => {
    const store = openSqliteStore(path);
    expect(() => openSqliteStore(path)).toThrow(/another agent uses/);
    store.close();
    openSqliteStore(path).close();
  });

  it("is readable by its owner alone", () => {
    const store = openSqliteStore(path);
    store.commit({ records: [recordOf(newIdentity(), "app.note", "one", {})] });
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o077, name).toBe(0);
    store.close();
  });

  it.each([
    ["its first bytes", 0],
    ["a page in its middle", 4096 * 20],
  ])("is refused with what to do where %s are damaged, and left as it is", (_, offset) => {
    fill();
    const descriptor = openSync(path, "r+");
    writeSync(descriptor, Buffer.alloc(3000, 0xa5), 0, 3000, offset);
    closeSync(descriptor);
    const before = readFileSync(path);
    expect(() => openSqliteStore(path)).toThrow(/is damaged .*arctic-agent restore FILE/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("is refused where it is cut short", () => {
    fill();
    truncateSync(path, 4096 * 10);
    expect(() => openSqliteStore(path)).toThrow(/is damaged/);
  });

  it("is refused where its rows are not what an agent writes", () => {
    fill();
    const database = new DatabaseSync(path);
    database.exec("INSERT INTO book VALUES ('a peer', '{')");
    database.close();
    const store = openSqliteStore(path);
    expect(() => store.load()).toThrow(/holds what no agent wrote .* restore it from a backup/);
    store.close();
  });

  it("is refused with what to do where the text of a record is damaged", () => {
    fill();
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('"id":"note-7"')] = 0xa5;
    writeFileSync(path, bytes);
    expect(() => openSqliteStore(path)).toThrow(/is damaged .*arctic-agent restore FILE/);
  });

  it("goes from one schema version to the next without losing a row, all steps or none", () => {
    fill();
    const next = { to: 4, sql: "CREATE TABLE note (text TEXT) STRICT; INSERT INTO note VALUES ('here')" };
    const broken = { to: 5, sql: "CREATE TABLE other (text TEXT) STRICT; INSERT INTO nowhere VALUES (1)" };
    expect(() => openSqliteStore(path, [...MIGRATIONS, next, broken])).toThrow(/nowhere/);
    expect(versionIn(path)).toBe(3);
    const store = openSqliteStore(path, [...MIGRATIONS, next]);
    expect(store.load().records).toHaveLength(200);
    store.close();
    expect(versionIn(path)).toBe(4);
  });

  it.each([1, 2])("takes a file of schema version %i with all that it holds", (version) => {
    const owner = newIdentity();
    const records = ["one", "three", "two"].map((id) => recordOf(owner, "app.note", id, { text: id }));
    const entry = { peer: owner.peerId, provenAddresses: [], reachability: "idle" as const };
    const outcome = { key: "cli_A one", digest: "x", at: 1 };
    const old = new DatabaseSync(path);
    migrate(old, path, MIGRATIONS.slice(0, version));
    const put = old.prepare("INSERT INTO record (key, kind, owner, id, version, document) VALUES (?, ?, ?, ?, ?, ?)");
    for (const record of records)
      put.run(recordKey(record), record.kind, record.owner, record.id, record.version, JSON.stringify(record));
    old.prepare("INSERT INTO book VALUES (?, ?)").run(entry.peer, JSON.stringify(entry));
    if (version === 2) old.exec("INSERT INTO outcome VALUES ('cli_A one', 'x', 1, NULL)");
    old.close();

    const store = openSqliteStore(path);
    const later = recordOf(owner, "app.note", "later", {});
    store.commit({ records: [later] });
    expect(store.load()).toMatchObject({ book: [entry], outcomes: version === 2 ? [outcome] : [] });
    expect(store.load().records).toEqual([later, ...records]);
    store.close();
    expect(versionIn(path)).toBe(3);
    const described = [later, ...records].map(({ kind, owner, id, version }) => ({ kind, owner, id, version }));
    expect(rowsIn(path, "SELECT kind, owner, id, version FROM record ORDER BY key")).toEqual(described);
  });

  it("is refused where a newer agent wrote it, and left as it is", () => {
    openSqliteStore(path, [...MIGRATIONS, { to: 4, sql: "CREATE TABLE note (text TEXT) STRICT" }]).close();
    const before = readFileSync(path);
    expect(() => openSqliteStore(path)).toThrow(/has schema version 4, and this agent reads up to 3: use the agent/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

function versionIn(path: string): unknown {
  return rowsIn(path, "SELECT version FROM schema_version")[0]?.version;
}

function rowsIn(path: string, sql: string): Readonly<Record<string, unknown>>[] {
  const database = new DatabaseSync(path);
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}
