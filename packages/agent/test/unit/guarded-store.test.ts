import { recordKey, type SignedRecord, versionAt } from "@arctic/core";
import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/clock.ts";
import { silentLog } from "../../src/log.ts";
import { createGuardedStore } from "../../src/store/guarded-store.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { type Store, StoreError } from "../../src/store/store.ts";
import { factsOf, newIdentity, recordOf } from "../helpers/records.ts";

/** A disk that has room for so many more changes; the reserve is one of them that can be given back. */
function smallDisk(room: number) {
  const memory = createMemoryStore();
  let free = room;
  let isReserved = false;
  let timers: (() => void)[] = [];
  const take = () => {
    if (free <= 0) throw new StoreError("full", "there is no space on the disk");
    free -= 1;
  };
  const store: Store = {
    ...memory,
    commit(change) {
      take();
      memory.commit(change);
    },
    probe() {
      if (free <= 0) throw new StoreError("full", "there is no space on the disk");
    },
  };
  const reserve = {
    fill() {
      if (isReserved) return;
      take();
      isReserved = true;
    },
    release() {
      if (isReserved) free += 1;
      isReserved = false;
    },
  };
  const clock: Clock = {
    now: () => 0,
    elapsedMs: () => 0,
    after(_, callback) {
      timers.push(callback);
      return () => {
        timers = timers.filter((other) => other !== callback);
      };
    },
    every: () => () => undefined,
  };
  const own = newIdentity();
  const facts = factsOf(own);
  const stored = { ...memory.load(), facts };
  const guarded = createGuardedStore({ store, reserve, clock, log: silentLog, stored });
  const fire = () => {
    const due = timers;
    timers = [];
    for (const timer of due) timer();
  };
  const stranger = newIdentity();
  const record = (who: "own" | "foreign", id: string): SignedRecord =>
    recordOf(who === "own" ? own : stranger, "app.note", id, {}, versionAt(Date.now()));
  const idsOnDisk = () =>
    memory
      .load()
      .records.map(({ id }) => id)
      .sort();
  return { guarded, record, idsOnDisk, fire, give: (more: number) => (free += more) };
}

describe("the guarded store", () => {
  it("stores the change that finds no space in the reserve, and refuses writes from then on", () => {
    const { guarded, record, idsOnDisk } = smallDisk(2);
    guarded.commit({ records: [record("own", "a")] });
    expect(guarded.refusal).toBeUndefined();
    guarded.commit({ records: [record("own", "b")] });
    expect(idsOnDisk()).toEqual(["a", "b"]);
    expect(guarded.refusal?.reason).toBe("full");
  });

  it("keeps what it received in memory while there is no space, and stores it all once there is", () => {
    const { guarded, record, idsOnDisk, fire, give } = smallDisk(1);
    guarded.commit({ records: [record("foreign", "a")] });
    guarded.commit({ records: [record("foreign", "b")], drop: [] });
    expect(idsOnDisk()).toEqual([]);
    fire();
    expect(guarded.refusal?.reason).toBe("full");
    give(2);
    fire();
    expect(idsOnDisk()).toEqual(["a", "b"]);
    expect(guarded.refusal).toBeUndefined();
  });

  it("never lets the peer's own word wait: it is stored or it is an error", () => {
    const { guarded, record, idsOnDisk } = smallDisk(1);
    guarded.commit({ records: [record("foreign", "a")] });
    guarded.commit({ records: [record("own", "b")] });
    expect(idsOnDisk()).toEqual(["b"]);
    expect(() => guarded.commit({ records: [record("own", "c")] })).toThrow(StoreError);
    expect(() => guarded.commit({ flags: { isCloned: true } })).toThrow(StoreError);
  });

  it("begins without open writes where there is no room for the reserve, and opens them by itself", () => {
    const { guarded, fire, give } = smallDisk(0);
    expect(guarded.refusal?.reason).toBe("full");
    give(2);
    fire();
    expect(guarded.refusal).toBeUndefined();
  });

  it("stores the latest of each key, and nothing that was dropped meanwhile", () => {
    const { guarded, record, idsOnDisk, fire, give } = smallDisk(1);
    const [a, b] = [record("foreign", "a"), record("foreign", "b")];
    guarded.commit({ records: [a, b] });
    guarded.commit({ drop: [recordKey(a)] });
    guarded.commit({ records: [record("foreign", "c")] });
    give(3);
    fire();
    expect(idsOnDisk()).toEqual(["b", "c"]);
  });
});
