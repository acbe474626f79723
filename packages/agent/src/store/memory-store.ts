import {
  type License,
  type NodeFlags,
  type PeerBookEntry,
  type RecordKey,
  recordKey,
  type SignedRecord,
} from "@arctic/core";
import type { Change, Facts, Snapshot, Store } from "./store.ts";

/** The store's twin without a disk. What it holds lives as long as the object; `close` keeps it. */
export function createMemoryStore(): Store {
  const recordByKey = new Map<RecordKey, SignedRecord>();
  const entryByPeer = new Map<string, PeerBookEntry>();
  let facts: Facts | undefined;
  let license: License | undefined;
  let flags: NodeFlags = {};

  return {
    refusal: undefined,
    load: (): Snapshot =>
      structuredClone({
        facts,
        license,
        records: [...recordByKey.values()],
        book: [...entryByPeer.values()],
        flags,
      }),
    commit(change: Change): void {
      const copy = structuredClone(change);
      for (const key of copy.drop ?? []) recordByKey.delete(key);
      for (const record of copy.records ?? []) recordByKey.set(recordKey(record), record);
      for (const entry of copy.book ?? []) entryByPeer.set(entry.peer, entry);
      facts = copy.facts ?? facts;
      license = copy.license ?? license;
      flags = copy.flags ?? flags;
    },
    probe: () => undefined,
    close: () => undefined,
  };
}
