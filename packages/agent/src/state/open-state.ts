import type { Crypto, Identity, License } from "@arctic/core";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { createGuardedStore } from "../store/guarded-store.ts";
import { createFileReserve } from "../store/reserve.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import type { Facts, Store, StoredOutcome } from "../store/store.ts";
import type { TlsIdentity } from "../transport/tls.ts";
import { databasePath, recoveryTokenPath, reservePath } from "./agent-files.ts";
import { loadIdentity } from "./peer-key.ts";
import { prepareStateDir, replaceSecretFile } from "./secret-file.ts";
import { loadTlsIdentity } from "./tls-files.ts";

/** Everything of the host's disk that an agent runs on. */
export interface AgentState {
  readonly store: Store;
  /** Absent, as the next two, on a host that was never bootstrapped. */
  readonly facts: Facts | undefined;
  readonly license: License | undefined;
  readonly identity: Identity | undefined;
  readonly tls: TlsIdentity;
  /** Requests that were done before this start. */
  readonly outcomes: readonly StoredOutcome[];
}

/** Opens the state directory, on a full disk too. Throws an Error that says what is wrong with it and what to do. */
export function openState(
  stateDir: string,
  recoveryToken: string,
  powers: { readonly clock: Clock; readonly crypto: Crypto; readonly log: Log },
): AgentState {
  const { clock, crypto, log } = powers;
  prepareStateDir(stateDir);
  // What a start writes finds its space in the reserve, which is filled again behind it.
  const reserve = createFileReserve(reservePath(stateDir), crypto.randomBytes);
  reserve.release();
  const tls = loadTlsIdentity(stateDir, crypto.randomBytes(16));
  const store = openSqliteStore(databasePath(stateDir));
  try {
    const stored = store.load();
    const identity = loadIdentity(stateDir, stored.facts, crypto);
    if (identity !== undefined && stored.license === undefined)
      throw new Error(`${databasePath(stateDir)} holds a peer without its license: restore it from a backup`);
    leaveRecoveryToken(stateDir, recoveryToken, log);
    const guarded = createGuardedStore({ store, reserve, clock, log, stored });
    const { facts, license, outcomes } = stored;
    return { store: guarded, facts, license, identity, tls, outcomes };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** An agent that cannot write the token runs without one: carrying traffic matters more than the way in beside the door. */
function leaveRecoveryToken(stateDir: string, token: string, log: Log): void {
  const path = recoveryTokenPath(stateDir);
  try {
    replaceSecretFile(path, token);
  } catch (error) {
    log.error("recovery_token.not_written", { path, reason: error instanceof Error ? error.message : String(error) });
  }
}
