import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { StoreError } from "./store.ts";

/**
 * The log file of a database in WAL mode with `synchronous = NORMAL`: a transaction is in the file when its COMMIT is
 * done, and survives a power cut once the file was synced. Who commits chooses to wait for that here or to go on
 * meanwhile (https://www.sqlite.org/pragma.html#pragma_synchronous: FULL is NORMAL and this sync after each COMMIT).
 */
export interface WriteAheadLog {
  /** Throws StoreError. */
  sync(): void;
  /** The same on a thread of libuv's. Rejects with StoreError. */
  synced(): Promise<void>;
  close(): void;
}

/** `path` is the database's, which is open. SQLite keeps one log file as long as it is, and no lock on that file. */
export function openWriteAheadLog(path: string): WriteAheadLog {
  const descriptor = openSync(`${path}-wal`, "r");
  syncDirectory(dirname(path));
  return {
    sync() {
      try {
        fdatasyncSync(descriptor);
      } catch (error) {
        throw storeErrorFrom(error as NodeJS.ErrnoException);
      }
    },
    synced: () =>
      new Promise((resolve, reject) =>
        fdatasync(descriptor, (error) => (error === null ? resolve() : reject(storeErrorFrom(error)))),
      ),
    close: () => closeSync(descriptor),
  };
}

/** A log that has just been made is found again after a power cut. */
function syncDirectory(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function storeErrorFrom(error: NodeJS.ErrnoException): StoreError {
  const isFull = error.code === "ENOSPC" || error.code === "EDQUOT";
  return new StoreError(isFull ? "full" : "failed", isFull ? "there is no space on the disk" : error.message);
}
