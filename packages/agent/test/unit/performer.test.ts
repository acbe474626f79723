import type { Effect, Notice } from "@arctic/core";
import { expect, it } from "vitest";
import { silentLog } from "../../src/log.ts";
import { Performer } from "../../src/performer.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { StoreError } from "../../src/store/store.ts";
import { newIdentity, recordOf } from "../helpers/records.ts";

const [self, other] = [newIdentity(), newIdentity()];

/** A performer whose disk works when it is told to. What happens is told in its order. */
function performerOnSlowDisk() {
  const told: string[] = [];
  let ending: { resolve: () => void; reject: (error: Error) => void } | undefined;
  const performer = new Performer({
    self: self.peerId,
    log: silentLog,
    store: {
      ...createMemoryStore(),
      commit: () => void told.push("committed"),
      write: () => void told.push("written"),
      flush: () => new Promise<void>((resolve, reject) => (ending = { resolve, reject })),
    },
    transport: {
      start: () => undefined,
      dial: ({ dial }) => void told.push(`dialled ${dial}`),
      send: (_, text) => void told.push(`sent ${text}`),
      close: (link) => void told.push(`closed ${link}`),
      stop: () => undefined,
    },
    onNotice: (notice) => void told.push(`told ${notice.type}`),
    onFailure: (error) => void told.push(`failed: ${error.reason}`),
  });
  const happened = () => told.splice(0);
  const diskEnds = async (error?: Error) => {
    if (error === undefined) ending?.resolve();
    else ending?.reject(error);
    await new Promise((resolve) => setImmediate(resolve));
    return happened();
  };
  return { performer, happened, diskEnds };
}

const persist = (owner: typeof self): Effect => ({
  type: "persist",
  records: [recordOf(owner, "app.note", "one", {})],
  drop: [],
  book: [],
});
const send = (text: string): Effect => ({ type: "send", link: "a link", text });
const notify = (notice: Notice): Effect => ({ type: "notify", notice });
const cloned = notify({ type: "cloned" });

it("says nothing of its own word, and nothing after it, before it is on disk", async () => {
  const { performer, happened, diskEnds } = performerOnSlowDisk();
  performer.performInTurn([persist(self), send("own"), cloned]);
  performer.performInTurn([send("later")]);
  performer.tell();
  expect(happened()).toEqual(["written"]);
  expect(await diskEnds()).toEqual(["sent own", "sent later", "told cloned"]);
  performer.performInTurn([send("much later")]);
  expect(happened()).toEqual(["sent much later"]);
});

it("passes on at once what it received, and tells of it when it is on disk", async () => {
  const { performer, happened, diskEnds } = performerOnSlowDisk();
  performer.performInTurn([persist(other), send("received"), cloned]);
  performer.tell();
  expect(happened()).toEqual(["written", "sent received"]);
  expect(await diskEnds()).toEqual(["told cloned"]);
});

it("waits once more for what was written while the disk worked", async () => {
  const { performer, happened, diskEnds } = performerOnSlowDisk();
  performer.performInTurn([persist(self), send("one")]);
  performer.performInTurn([persist(self), send("two")]);
  expect(happened()).toEqual(["written", "written"]);
  expect(await diskEnds()).toEqual(["sent one"]);
  expect(await diskEnds()).toEqual(["sent two"]);
});

it("has an operator's change on disk at once, and all that was said before it goes first", async () => {
  const { performer, happened, diskEnds } = performerOnSlowDisk();
  performer.performInTurn([persist(self), send("one")]);
  performer.performNow([persist(self), send("two"), cloned]);
  performer.tell();
  expect(happened()).toEqual(["written", "committed", "sent one", "sent two", "told cloned"]);
  expect(await diskEnds()).toEqual([]);
});

it("says nothing of what the disk did not take, and tells whoever made it", async () => {
  const { performer, happened, diskEnds } = performerOnSlowDisk();
  performer.performInTurn([persist(self), send("own")]);
  happened();
  expect(await diskEnds(new StoreError("failed", "the disk is gone"))).toEqual(["failed: failed"]);
  performer.clear();
  performer.performInTurn([send("anew")]);
  expect(happened()).toEqual(["sent anew"]);
});

it("waits for the disk itself where too much waits for it", () => {
  const { performer, happened } = performerOnSlowDisk();
  performer.performInTurn([persist(self)]);
  performer.performInTurn(Array.from({ length: 10_000 }, (_, index) => send(String(index))));
  expect(happened()).toEqual(["written"]);
  performer.performInTurn([send("one more")]);
  expect(happened().slice(0, 2)).toEqual(["committed", "sent 0"]);
});
