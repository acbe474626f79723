import type { ClusterNode, Effect } from "@arctic/core";
import { expect, it } from "vitest";
import { Driver } from "../../src/driver.ts";
import { silentLog } from "../../src/log.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { StoreError } from "../../src/store/store.ts";
import { createMemoryNetwork } from "../../src/transport/memory-transport.ts";
import { createMovedClock } from "../helpers/moved-clock.ts";
import { newIdentity, recordOf } from "../helpers/records.ts";

const HOUR_MS = 3_600_000;

/** A driver whose node asks to be woken when the test says, and a second after each waking; it has just been woken. */
function sleeper() {
  const clock = createMovedClock();
  const identity = newIdentity();
  const wokenAt: number[] = [];
  let wakeAt = clock.now();
  let effects: Effect[] = [];
  let isDiskGone = false;
  const node: Pick<ClusterNode, "handle" | "wakeAt"> = {
    handle(input) {
      if (input.type === "wake") {
        wokenAt.push(clock.elapsedMs());
        wakeAt = clock.now() + 1000;
      }
      return { effects };
    },
    get wakeAt() {
      return wakeAt;
    },
  };
  const driver = new Driver({
    self: identity.peerId,
    createNode: () => node as ClusterNode,
    store: {
      ...createMemoryStore(),
      write() {
        if (isDiskGone) throw new StoreError("failed", "the disk is gone");
      },
    },
    transport: createMemoryNetwork().transport("192.0.2.1:1"),
    clock,
    log: silentLog,
    onNotice: () => undefined,
  });
  driver.start();
  return {
    clock,
    driver,
    wokenAt,
    /** An input after which the node asks to be woken so much later. */
    ask(inMs: number) {
      wakeAt = clock.now() + inMs;
      driver.feed({ type: "sync" });
    },
    loseDisk(isGone: boolean) {
      isDiskGone = isGone;
      const records = [recordOf(identity, "app.note", "one", {})];
      effects = isGone ? [{ type: "persist", records, drop: [], book: [] }] : [];
    },
  };
}

it("inputs that put a waking off set no timer each, and the node is woken when it asks for in the end", () => {
  const { clock, wokenAt, ask } = sleeper();
  for (let count = 0; count < 50; count += 1) {
    clock.pass(10);
    ask(1000);
  }
  expect(clock.timersSet).toBe(1);
  clock.pass(999);
  expect(wokenAt).toEqual([0]);
  clock.pass(1);
  expect(wokenAt).toEqual([0, 1500]);
  expect(clock.timersSet).toBe(3);
});

it("a node that asks for it sooner is woken sooner, and one timer waits at a time", () => {
  const { clock, wokenAt, ask } = sleeper();
  ask(100);
  expect(clock.waiting).toBe(1);
  clock.pass(100);
  expect(wokenAt).toEqual([0, 100]);
  clock.pass(1000);
  expect(wokenAt).toEqual([0, 100, 1100]);
  expect(clock.waiting).toBe(1);
});

it.each([
  ["is kept", 1000, [0, 1000, 2000]],
  ["was put off", 1700, [0, 1700, 2700]],
])("a waking that %s comes on time where the wall clock is set back by an hour meanwhile", (_, inMs, times) => {
  const { clock, wokenAt, ask } = sleeper();
  ask(inMs);
  clock.pass(300);
  clock.set(-HOUR_MS);
  clock.pass(2600);
  expect(wokenAt).toEqual(times);
});

it("a waking that was put off comes no later than its time by a wall clock that is set forward", () => {
  const { clock, wokenAt, ask } = sleeper();
  ask(1700);
  clock.set(HOUR_MS);
  clock.pass(1000);
  expect(wokenAt).toEqual([0, 1000]);
});

it("the node is woken on after the disk was gone, and not while it is", () => {
  const { clock, wokenAt, ask, loseDisk } = sleeper();
  loseDisk(true);
  expect(() => ask(500)).toThrow(StoreError);
  loseDisk(false);
  clock.pass(7000);
  expect(wokenAt).toEqual([0, 5000, 6000, 7000]);
});

it("a driver that was stopped wakes nobody", () => {
  const { clock, driver, wokenAt } = sleeper();
  driver.stop();
  clock.pass(HOUR_MS);
  expect(wokenAt).toEqual([0]);
});
