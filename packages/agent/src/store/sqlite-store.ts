import type { DatabaseSync } from "node:sqlite";
import {
  complaintOfLicense,
  isJsonObject,
  type License,
  type NodeFlags,
  type PeerBookEntry,
  parseJson,
  recordKey,
  type SignedRecord,
} from "@arctic/core";
import { isSpaceError, isSqliteError, lockFor, openDatabaseFile, type SqliteError } from "./database-file.ts";
import { type Migration, schemaVersionOf } from "./schema.ts";
import {
  type Change,
  type Facts,
  factsSchema,
  type Snapshot,
  type Store,
  type StoredOutcome,
  StoreError,
} from "./store.ts";
import { openWriteAheadLog, type WriteAheadLog } from "./write-ahead-log.ts";

/**
 * Opens the database at the path, or makes it. Throws an Error that says what to do where the file is damaged,
 * written by a newer agent, or in use by another process.
 */
export function openSqliteStore(path: string, migrations?: readonly Migration[]): Store {
  const lock = lockFor(path);
  try {
    const database = openDatabaseFile(path, migrations);
    const log = openWriteAheadLog(path);
    return storeOver(database, path, log, () => {
      log.close();
      database.close();
      lock.close();
    });
  } catch (error) {
    lock.close();
    throw error;
  }
}

function storeOver(database: DatabaseSync, path: string, log: WriteAheadLog, close: () => void): Store {
  const putRecord = database.prepare(
    "INSERT INTO record (key, document) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET document = excluded.document",
  );
  const dropRecord = database.prepare("DELETE FROM record WHERE key = ?");
  const putEntry = database.prepare(
    "INSERT INTO book VALUES (?, ?) ON CONFLICT (peer) DO UPDATE SET document = excluded.document",
  );
  const putFact = database.prepare(
    "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET document = excluded.document",
  );
  const putOutcome = database.prepare("INSERT OR REPLACE INTO outcome VALUES (?, ?, ?, ?)");
  const forgetOutcome = database.prepare("DELETE FROM outcome WHERE key = ?");

  const inTransaction = (work: () => void) => {
    try {
      database.exec("BEGIN IMMEDIATE");
      work();
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw isSqliteError(error) ? storeErrorFrom(error) : error;
    }
  };

  const write = (change: Change) =>
    inTransaction(() => {
      for (const key of change.drop ?? []) dropRecord.run(key);
      for (const record of change.records ?? []) putRecord.run(recordKey(record), JSON.stringify(record));
      for (const entry of change.book ?? []) putEntry.run(entry.peer, JSON.stringify(entry));
      for (const key of change.forget ?? []) forgetOutcome.run(key);
      for (const { key, digest, at, answer } of change.outcomes ?? []) putOutcome.run(key, digest, at, answer ?? null);
      if (change.facts !== undefined) putFact.run("facts", JSON.stringify(change.facts));
      if (change.license !== undefined) putFact.run("license", JSON.stringify(change.license));
      if (change.flags !== undefined) putFact.run("flags", JSON.stringify(change.flags));
    });

  return {
    refusal: undefined,
    load: () => loadFrom(database, path),
    commit(change: Change) {
      write(change);
      log.sync();
    },
    write,
    flush: () => log.synced(),
    probe() {
      inTransaction(() => putFact.run("probe", "{}"));
      log.sync();
    },
    close,
  };
}

/** Who the database's peer is; `undefined` where a host was never bootstrapped. Throws where the file is no database of an agent. */
export function factsOf(database: DatabaseSync): Facts | undefined {
  if (schemaVersionOf(database) === 0) return undefined;
  return factsSchema.optional().parse(factIn(database, "facts"));
}

function factIn(database: DatabaseSync, name: string): unknown {
  const row = database.prepare("SELECT document FROM fact WHERE name = ?").get(name);
  return row === undefined ? undefined : parseJson(String(row.document));
}

function loadFrom(database: DatabaseSync, path: string): Snapshot {
  const documents = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row): unknown => JSON.parse(String(row.document)));
  try {
    const flags = factIn(database, "flags");
    return {
      facts: factsOf(database),
      license: licenseFrom(factIn(database, "license")),
      // Written by this agent after they were parsed strictly and verified, and guarded by the file's mode: read back as
      // they are, by the parser that is quicker.
      records: documents("SELECT document FROM record ORDER BY key") as unknown as SignedRecord[],
      book: documents("SELECT document FROM book ORDER BY peer") as unknown as PeerBookEntry[],
      flags: isJsonObject(flags) ? (flags as NodeFlags) : {},
      outcomes: database.prepare("SELECT * FROM outcome ORDER BY at").all().map(outcomeFrom),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unreadable";
    throw new Error(`${path} holds what no agent wrote (${reason}): restore it from a backup`);
  }
}

function outcomeFrom({ key, digest, at, answer }: Readonly<Record<string, unknown>>): StoredOutcome {
  const outcome = { key: String(key), digest: String(digest), at: Number(at) };
  return answer === null ? outcome : { ...outcome, answer: String(answer) };
}

function licenseFrom(document: unknown): License | undefined {
  if (document === undefined) return undefined;
  const complaint = complaintOfLicense(document);
  if (complaint !== undefined) throw new Error(`the stored license is damaged: ${complaint}`);
  return document as License;
}

function storeErrorFrom(error: SqliteError): StoreError {
  const isFull = isSpaceError(error);
  return new StoreError(isFull ? "full" : "failed", isFull ? "there is no space on the disk" : error.message);
}
