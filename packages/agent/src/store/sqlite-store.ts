import { DatabaseSync } from "node:sqlite";
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
import { type Change, factsSchema, type Snapshot, type Store, StoreError } from "./store.ts";

/**
 * Opens the database at the path, or makes it. Throws an Error that says what to do where the file is damaged,
 * written by a newer agent, or in use by another process.
 */
export function openSqliteStore(path: string): Store {
  const lock = lockFor(path);
  try {
    const database = openDatabase(path);
    return storeOver(database, () => {
      database.close();
      lock.close();
    });
  } catch (error) {
    lock.close();
    throw error;
  }
}

const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;
  INSERT INTO schema_version VALUES (${SCHEMA_VERSION});
  CREATE TABLE record (
    key TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE book (peer TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE fact (name TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Held open for the life of the process, so that two agents never write one state; the kernel lets go of it at the end. */
function lockFor(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}.lock`);
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return lock;
  } catch {
    lock.close();
    throw new Error(`another agent uses ${path}: stop it, or give this one another ARCTIC_STATE_DIR`);
  }
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    checkSound(database, path);
    migrate(database, path);
    return database;
  } catch (error) {
    database.close();
    throw isSqliteError(error) ? new Error(`${path} cannot be opened as a database: ${error.message}`) : error;
  }
}

function checkSound(database: DatabaseSync, path: string): void {
  const verdict = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  if (verdict !== "ok") {
    throw new Error(
      `${path} is damaged (${String(verdict)}): restore it from a backup; what this peer wrote is only in it`,
    );
  }
}

function migrate(database: DatabaseSync, path: string): void {
  const isNew = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").get() === undefined;
  if (isNew) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
  const version = database.prepare("SELECT version FROM schema_version").get()?.version;
  if (version !== SCHEMA_VERSION) {
    throw new Error(
      `${path} has schema version ${String(version)}, this agent reads ${SCHEMA_VERSION}: use the agent that wrote it`,
    );
  }
}

function storeOver(database: DatabaseSync, close: () => void): Store {
  const putRecord = database.prepare(
    "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET version = excluded.version, document = excluded.document",
  );
  const dropRecord = database.prepare("DELETE FROM record WHERE key = ?");
  const putEntry = database.prepare(
    "INSERT INTO book VALUES (?, ?) ON CONFLICT (peer) DO UPDATE SET document = excluded.document",
  );
  const putFact = database.prepare(
    "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET document = excluded.document",
  );

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

  return {
    load: () => loadFrom(database),
    commit: (change: Change) =>
      inTransaction(() => {
        for (const key of change.drop ?? []) dropRecord.run(key);
        for (const record of change.records ?? []) {
          const { kind, owner, id, version } = record;
          putRecord.run(recordKey(record), kind, owner, id, version, JSON.stringify(record));
        }
        for (const entry of change.book ?? []) putEntry.run(entry.peer, JSON.stringify(entry));
        if (change.facts !== undefined) putFact.run("facts", JSON.stringify(change.facts));
        if (change.license !== undefined) putFact.run("license", JSON.stringify(change.license));
        if (change.flags !== undefined) putFact.run("flags", JSON.stringify(change.flags));
      }),
    probe: () => inTransaction(() => putFact.run("probe", "{}")),
    close,
  };
}

function loadFrom(database: DatabaseSync): Snapshot {
  const documents = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row) => parseJson(String(row.document)));
  const fact = (name: string): unknown => {
    const row = database.prepare("SELECT document FROM fact WHERE name = ?").get(name);
    return row === undefined ? undefined : parseJson(String(row.document));
  };
  const flags = fact("flags");
  return {
    facts: factsSchema.optional().parse(fact("facts")),
    license: licenseFrom(fact("license")),
    // Written by this agent after they were verified, and guarded by the file's mode: read back as they are.
    records: documents("SELECT document FROM record ORDER BY key") as unknown as SignedRecord[],
    book: documents("SELECT document FROM book ORDER BY peer") as unknown as PeerBookEntry[],
    flags: isJsonObject(flags) ? (flags as NodeFlags) : {},
  };
}

function licenseFrom(document: unknown): License | undefined {
  if (document === undefined) return undefined;
  const complaint = complaintOfLicense(document);
  if (complaint !== undefined) throw new Error(`the stored license is damaged: ${complaint}`);
  return document as License;
}

interface SqliteError extends Error {
  readonly errcode: number;
}

/** SQLITE_FULL, https://www.sqlite.org/rescode.html#full; the low byte is the primary code. */
const SQLITE_FULL = 13;

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number";
}

function storeErrorFrom(error: SqliteError): StoreError {
  const isFull = (error.errcode & 0xff) === SQLITE_FULL;
  return new StoreError(isFull ? "full" : "failed", isFull ? "there is no space on the disk" : error.message);
}
