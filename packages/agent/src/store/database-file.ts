import { chmodSync, closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Migration, migrate } from "./schema.ts";

/**
 * Opens the database at the path, or makes it (0600), and takes it to the newest schema version. Throws an Error that
 * says what to do where the file is damaged or written by a newer agent; then nothing has touched it. What is committed
 * survives a power cut once the write-ahead log was synced.
 */
export function openDatabaseFile(path: string, migrations?: readonly Migration[]): DatabaseSync {
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA busy_timeout = 2000");
    checkSound(database, path);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    migrate(database, path, migrations);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Throws an Error that says what to do where SQLite finds the file damaged. */
export function checkSound(database: DatabaseSync, path: string): void {
  const verdict = verdictOn(database);
  if (verdict === "ok") return;
  throw new Error(
    `${path} is damaged (${verdict.replace(/\s+/g, " ").slice(0, 200)}), so this agent leaves it as it is: move ${dirname(path)} away and put a backup in its place with arctic-agent restore FILE`,
  );
}

function verdictOn(database: DatabaseSync): string {
  try {
    return String(database.prepare("PRAGMA quick_check(1)").get()?.quick_check);
  } catch (error) {
    if (isSqliteError(error)) return error.message;
    throw error;
  }
}

/** Held open for the life of the process, so that two agents never write one state; the kernel lets go of it at the end. */
export function lockFor(path: string): DatabaseSync {
  closeSync(openSync(`${path}.lock`, "a", 0o600));
  const lock = new DatabaseSync(`${path}.lock`);
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (isSqliteError(error) && (error.errcode & 0xff) === SQLITE_BUSY)
      throw new Error(`another agent uses ${path}: stop it, or give this one another ARCTIC_STATE_DIR`);
    throw error;
  }
}

export interface SqliteError extends Error {
  readonly errcode: number;
}

/** https://www.sqlite.org/rescode.html: the low byte of a code is its primary one. */
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
/** The shared-memory index of the log could not grow. */
const SQLITE_IOERR_SHMSIZE = 10 | (19 << 8);

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number";
}

export function isSpaceError({ errcode }: SqliteError): boolean {
  return (errcode & 0xff) === SQLITE_FULL || errcode === SQLITE_IOERR_SHMSIZE;
}
