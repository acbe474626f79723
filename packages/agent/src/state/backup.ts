import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type Millis, rfc3339FromMs } from "@arctic/core";
import { checkSound } from "../store/database-file.ts";
import { factsOf } from "../store/sqlite-store.ts";
import { databasePath, peerKeyPath, tlsPath } from "./agent-files.ts";
import {
  checkOwnDirectory,
  createEmptySecretFile,
  readSecretFile,
  removeFile,
  renameFile,
  syncFile,
} from "./secret-file.ts";

/** What a backup holds beside the database: each file's name and text. */
export const BACKUP_TABLE = "backup";

/**
 * Writes the peer's identity and state into one new file (0600), a SQLite database: a single moment of the running
 * agent's own, which is not held up. Answers a sentence for the operator. Throws an Error that says what is wrong; then
 * there is no file.
 */
export function backUp(stateDir: string, file: string, now: Millis): string {
  const source = databasePath(stateDir);
  if (!existsSync(source)) throw new Error(`${stateDir} holds no state of an agent: name it by ARCTIC_STATE_DIR`);
  if (existsSync(file)) throw new Error(`${file} is there already: give the backup a name of its own`);
  checkOwnDirectory(stateDir);
  const partial = `${file}.partial`;
  removeFile(partial);
  createEmptySecretFile(partial);
  try {
    copyDatabase(source, partial);
    const peer = addFiles(partial, stateDir, now);
    syncFile(partial);
    renameFile(partial, file);
    return `${file} holds the peer ${peer} as of ${rfc3339FromMs(now)}, its private key too: keep it as safe as the host`;
  } catch (error) {
    removeFile(partial);
    throw error;
  }
}

/** One read transaction, whatever the agent writes meanwhile. */
function copyDatabase(source: string, target: string): void {
  const database = new DatabaseSync(source, { readOnly: true });
  try {
    database.exec("PRAGMA busy_timeout = 5000");
    checkSound(database, source);
    database.prepare("VACUUM INTO ?").run(target);
  } finally {
    database.close();
  }
}

function addFiles(path: string, stateDir: string, now: Millis): string {
  const key = readSecretFile(peerKeyPath(stateDir));
  const tls = readSecretFile(tlsPath(stateDir));
  const database = new DatabaseSync(path);
  try {
    const facts = factsOf(database);
    if (facts === undefined || key === undefined)
      throw new Error(`the agent in ${stateDir} is not bootstrapped: there is nothing to back up yet`);
    database.exec(`CREATE TABLE ${BACKUP_TABLE} (name TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT`);
    const put = database.prepare(`INSERT INTO ${BACKUP_TABLE} VALUES (?, ?)`);
    put.run("made_at", rfc3339FromMs(now));
    put.run("peer.key", key);
    if (tls !== undefined) put.run("tls.pem", tls);
    return facts.peer_id;
  } finally {
    database.close();
  }
}
