import { copyFileSync, existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { bytesFromBase64url } from "@arctic/core";
import { checkSound, lockFor } from "../store/database-file.ts";
import { migrate } from "../store/schema.ts";
import { factsOf } from "../store/sqlite-store.ts";
import { databasePath, peerKeyPath, tlsPath } from "./agent-files.ts";
import { BACKUP_TABLE } from "./backup.ts";
import { preparePeerKey, settlePeerKey } from "./peer-key.ts";
import {
  checkOwnDirectory,
  checkSecretFile,
  createEmptySecretFile,
  prepareStateDir,
  removeFile,
  renameFile,
  replaceSecretFile,
  syncFile,
} from "./secret-file.ts";

/**
 * Puts a backup's identity and state into a state directory that holds no peer. The peer may be much older than what
 * its neighbours hold of it: when it runs it takes that back before it writes. Answers a sentence for the
 * operator. Throws an Error that says what is wrong; then nothing was overwritten.
 */
export function restore(file: string, stateDir: string): string {
  if (!existsSync(file)) throw new Error(`there is no file ${file}`);
  checkSecretFile(file);
  prepareStateDir(stateDir);
  checkOwnDirectory(stateDir);
  const lock = lockFor(databasePath(stateDir));
  const made = `${databasePath(stateDir)}.restored`;
  try {
    refusePeer(stateDir);
    removeFile(made);
    createEmptySecretFile(made);
    copyFileSync(file, made);
    const taken = takeFiles(made, file);
    syncFile(made);
    putInPlace(stateDir, made, taken);
    return `${stateDir} holds the peer ${taken.peer} as of ${taken.madeAt}: start the agent, it takes back from its peers what it wrote since`;
  } finally {
    removeFile(made);
    lock.close();
  }
}

interface Taken {
  readonly peer: string;
  readonly madeAt: string;
  readonly secretKey: Uint8Array;
  readonly tls: string | undefined;
}

/** Whatever is there stays there: a key that is overwritten is a peer that is lost. */
function refusePeer(stateDir: string): void {
  const isFree = !existsSync(peerKeyPath(stateDir)) && isWithoutPeer(databasePath(stateDir));
  if (isFree) return;
  throw new Error(
    `${stateDir} holds a peer already, or a damaged database, and nothing is overwritten: move it away first (mv ${stateDir} ${stateDir}.old)`,
  );
}

/** An agent that was never bootstrapped leaves an empty database. */
function isWithoutPeer(path: string): boolean {
  if (!existsSync(path)) return true;
  try {
    const database = new DatabaseSync(path);
    try {
      return factsOf(database) === undefined;
    } finally {
      database.close();
    }
  } catch {
    return false;
  }
}

/** Takes out of the copy what becomes files of its own; what stays is the database of an agent, of this one's version. */
function takeFiles(path: string, file: string): Taken {
  const database = new DatabaseSync(path);
  try {
    checkSound(database, file);
    const hasTable = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").get(BACKUP_TABLE) !== undefined;
    if (!hasTable) throw new Error(`${file} is no backup that arctic-agent made`);
    migrate(database, file);
    const text = (name: string) =>
      database.prepare(`SELECT content FROM ${BACKUP_TABLE} WHERE name = ?`).get(name)?.content;
    const secretKey = bytesFromBase64url(String(text("peer.key")));
    const facts = factsOf(database);
    if (facts === undefined || secretKey?.length !== 32) throw new Error(`${file} holds no peer`);
    const tls = text("tls.pem");
    const taken = {
      peer: facts.peer_id,
      madeAt: String(text("made_at")),
      secretKey,
      tls: tls === undefined ? undefined : String(tls),
    };
    database.exec(`PRAGMA secure_delete = ON; DROP TABLE ${BACKUP_TABLE}`);
    return taken;
  } finally {
    database.close();
  }
}

/** In the order of a bootstrap: a kill between any two steps leaves a host without a peer, or the whole peer. */
function putInPlace(stateDir: string, made: string, { secretKey, tls }: Taken): void {
  const path = databasePath(stateDir);
  preparePeerKey(stateDir, secretKey);
  if (tls !== undefined) replaceSecretFile(tlsPath(stateDir), tls);
  for (const suffix of ["-wal", "-shm"]) removeFile(`${path}${suffix}`);
  renameFile(made, path);
  settlePeerKey(stateDir);
}
