import {
  createIdentity,
  type Effect,
  type Identity,
  type License,
  type NodeFlags,
  type NodeOptions,
  nobleCrypto,
  recordKey,
} from "@arctic/core";
import type { DemoLicense } from "./license.ts";

type Change = Omit<Extract<Effect, { type: "persist" }>, "type">;

/** What a page begins with. */
export interface Loaded {
  readonly identity: Identity;
  readonly license: License;
  readonly stored: NodeOptions["stored"];
}

/** Fails where the browser refuses to store, with its own words. */
export class Store {
  readonly #database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.#database = database;
  }

  /** Opens what one person has in this browser; makes it where there is none. */
  static async open(name: string): Promise<Store> {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => {
      for (const table of TABLES) opening.result.createObjectStore(table);
    };
    return new Store(await answerOf(opening));
  }

  /** The person's identity and records. What belongs to another license's customer is of no use any more and ends here. */
  async load({ license }: DemoLicense, now: number): Promise<Loaded> {
    const held = await this.#read();
    if (held?.license.customer_id === license.customer_id) return held;
    const identity = createIdentity(nobleCrypto, now);
    const transaction = this.#write();
    for (const table of TABLES) transaction.objectStore(table).clear();
    const facts = transaction.objectStore("facts");
    facts.put(identity, "identity");
    facts.put(license, "license");
    await endOf(transaction);
    return { identity, license, stored: { records: [], book: [], flags: {} } };
  }

  /** Writes a change whole or not at all; once this is over it survives the page, the browser and the host. */
  async commit({ records, drop, book, license, flags }: Change): Promise<void> {
    const transaction = this.#write();
    const [recordTable, bookTable, facts] = TABLES.map((table) => transaction.objectStore(table));
    for (const record of records) recordTable?.put(record, recordKey(record));
    for (const key of drop) recordTable?.delete(key);
    for (const entry of book) bookTable?.put(entry, entry.peer);
    if (license !== undefined) facts?.put(license, "license");
    if (flags !== undefined) facts?.put(flags, "flags");
    await endOf(transaction);
  }

  async #read(): Promise<Loaded | undefined> {
    const transaction = this.#database.transaction(TABLES, "readonly");
    const facts = transaction.objectStore("facts");
    const [identity, license, flags, records, book] = await Promise.all([
      answerOf<Identity | undefined>(facts.get("identity")),
      answerOf<License | undefined>(facts.get("license")),
      answerOf<NodeFlags | undefined>(facts.get("flags")),
      answerOf(transaction.objectStore("records").getAll()),
      answerOf(transaction.objectStore("book").getAll()),
    ]);
    if (identity === undefined || license === undefined) return undefined;
    return { identity, license, stored: { records, book, flags: flags ?? {} } };
  }

  #write(): IDBTransaction {
    return this.#database.transaction(TABLES, "readwrite", { durability: "strict" });
  }
}

const TABLES = ["records", "book", "facts"] as const;

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function endOf(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the browser gave the change up"));
  });
}
