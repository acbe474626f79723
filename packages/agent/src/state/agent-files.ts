import { join } from "node:path";

/** Where each part of an agent's state is, in its state directory. */
export const databasePath = (stateDir: string): string => join(stateDir, "arctic.sqlite");
export const tlsPath = (stateDir: string): string => join(stateDir, "tls.pem");
export const reservePath = (stateDir: string): string => join(stateDir, "reserve");
export const recoveryTokenPath = (stateDir: string): string => join(stateDir, "recovery.token");
export const peerKeyPath = (stateDir: string): string => join(stateDir, "peer.key");
