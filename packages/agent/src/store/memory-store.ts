import {
  type License,
  type NodeFlags,
  type PeerBookEntry,
  type RecordKey,
  recordKey,
  type SignedRecord,
} from "@arctic/core";
import type { Change, Facts, Snapshot, Store, StoredOutcome } from "./store.ts";

/** The store's twin without a disk. What it holds lives as long as the object; `close` keeps it. */
export function createMemoryStore(): Store {
  const recordByKey = new Map<RecordKey, SignedRecord>();
  const entryByPeer = new Map<string, PeerBookEntry>();
  const outcomeByKey = new Map<string, StoredOutcome>();
  let facts: Facts | undefined;
  let license: License | undefined;
  let flags: NodeFlags = {};

  const commit = (change: Change): void => {
    const copy = structuredClone(change);
    for (const key of copy.drop ?? []) recordByKey.delete(key);
    for (const record of copy.records ?? []) recordByKey.set(recordKey(record), record);
    for (const entry of copy.book ?? []) entryByPeer.set(entry.peer, entry);
    for (const key of copy.forget ?? []) outcomeByKey.delete(key);
    for (const outcome of copy.outcomes ?? []) outcomeByKey.set(outcome.key, outcome);
    facts = copy.facts ?? facts;
    license = copy.license ?? license;
    flags = copy.flags ?? flags;
  };

  return {
    refusal: undefined,
    load: (): Snapshot =>
      structuredClone({
        facts,
        license,
        records: [...recordByKey.values()],
        book: [...entryByPeer.values()],
        flags,
        outcomes: [...outcomeByKey.values()].sort((a, b) => a.at - b.at),
      }),
    commit,
    write: commit,
    flush: () => Promise.resolve(),
    probe: () => undefined,
    close: () => undefined,
  };
}
