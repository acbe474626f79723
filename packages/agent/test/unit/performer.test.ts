import { type Effect, type Notice, type PeerBookEntry, recordKey } from "@arctic/core";
import { expect, it } from "vitest";
import { silentLog } from "../../src/log.ts";
import { Performer } from "../../src/performer.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { type Change, StoreError } from "../../src/store/store.ts";
import { createAuthority } from "../helpers/authority.ts";
import { createMovedClock } from "../helpers/moved-clock.ts";
import { newIdentity, recordOf } from "../helpers/records.ts";

const [self, other] = [newIdentity(), newIdentity()];

/** A performer whose disk works when it is told to. What happens is told in its order. */
function performerOnSlowDisk() {
  const told: string[] = [];
  const clock = createMovedClock();
  let failure: StoreError | undefined;
  let flushes = 0;
  const take = (verb: string, change: Change) => {
    if (failure !== undefined) throw failure;
    const book = (change.book ?? []).flatMap(({ provenAddresses }) => provenAddresses);
    told.push(book.length === 0 ? verb : `${verb} with ${book.join(" ")}`);
  };
  let ending: { resolve: () => void; reject: (error: Error) => void } | undefined;
  const performer = new Performer({
    self: self.peerId,
    clock,
    log: silentLog,
    store: {
      ...createMemoryStore(),
      commit: (change) => take("committed", change),
      write: (change) => take("written", change),
      flush() {
        flushes += 1;
        return new Promise<void>((resolve, reject) => (ending = { resolve, reject }));
      },
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
  const fail = (next: StoreError) => (failure = next);
  return { performer, happened, diskEnds, clock, fail, flushes: () => flushes };
}

const persist = (owner: typeof self, ...book: PeerBookEntry[]): Effect => ({
  type: "persist",
  records: [recordOf(owner, "app.note", "one", {})],
  drop: [],
  book,
});
const entry = (of: typeof self, address: string): PeerBookEntry => ({
  peer: of.peerId,
  provenAddresses: [address],
  reachability: "idle",
});
const bookAlone = (of: typeof self, address: string): Effect => ({
  type: "persist",
  records: [],
  drop: [],
  book: [entry(of, address)],
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

it("keeps what is for the book of peers alone until the next write, and the newer entry of a peer", () => {
  const { performer, happened, clock, flushes } = performerOnSlowDisk();
  performer.performInTurn([bookAlone(self, "a:old"), bookAlone(other, "b:old"), send("at once")]);
  performer.performInTurn([bookAlone(self, "a:new")]);
  expect(happened()).toEqual(["sent at once"]);
  expect(flushes()).toBe(0);
  performer.performInTurn([persist(other, entry(other, "b:new"))]);
  expect(happened()).toEqual(["written with a:new b:new"]);
  performer.performInTurn([bookAlone(self, "a:newest")]);
  performer.performNow([persist(self)]);
  expect(happened()).toEqual(["committed with a:newest"]);
  performer.performInTurn([persist(other)]);
  clock.pass(5000);
  expect(happened()).toEqual(["written"]);
});

it("writes the book alone a second after the first entry that waits", async () => {
  const { performer, happened, diskEnds, clock, flushes } = performerOnSlowDisk();
  performer.performInTurn([bookAlone(self, "a:1")]);
  clock.pass(600);
  performer.performInTurn([bookAlone(other, "b:1")]);
  clock.pass(399);
  expect(happened()).toEqual([]);
  clock.pass(1);
  expect(happened()).toEqual(["written with a:1 b:1"]);
  expect(flushes()).toBe(1);
  performer.performInTurn([cloned]);
  performer.tell();
  expect(happened()).toEqual([]);
  expect(await diskEnds()).toEqual(["told cloned"]);
  clock.pass(5000);
  expect(happened()).toEqual([]);
  performer.performInTurn([bookAlone(self, "a:2")]);
  clock.pass(600);
  performer.performInTurn([persist(other), bookAlone(self, "a:3")]);
  expect(happened()).toEqual(["written with a:2"]);
  clock.pass(999);
  expect(happened()).toEqual([]);
  clock.pass(1);
  expect(happened()).toEqual(["written with a:3"]);
});

it("writes at once what holds more than entries of the book", () => {
  const { performer, happened } = performerOnSlowDisk();
  const authority = createAuthority();
  const license = authority.issue();
  authority.remove();
  for (const more of [{ drop: [recordKey(recordOf(other, "app.note", "one", {}))] }, { license }, { flags: {} }]) {
    performer.performInTurn([{ ...bookAlone(self, "a:1"), ...more } as Effect]);
    expect(happened()).toEqual(["written with a:1"]);
  }
});

it("writes what waits for the book when it stops, once", () => {
  const idle = performerOnSlowDisk();
  idle.performer.stop();
  expect(idle.happened()).toEqual([]);
  const { performer, happened, clock } = performerOnSlowDisk();
  performer.performInTurn([bookAlone(self, "a:1")]);
  performer.stop();
  expect(happened()).toEqual(["written with a:1"]);
  clock.pass(5000);
  expect(happened()).toEqual([]);
});

it("forgets what waits for the book where all is forgotten", () => {
  const { performer, happened, clock } = performerOnSlowDisk();
  performer.performInTurn([bookAlone(self, "a:1")]);
  performer.clear();
  clock.pass(5000);
  expect(happened()).toEqual([]);
  performer.performInTurn([persist(other)]);
  expect(happened()).toEqual(["written"]);
});

it("tells that the disk did not take the book, but not while it stops", () => {
  const { performer, happened, clock, fail } = performerOnSlowDisk();
  performer.performInTurn([bookAlone(self, "a:1")]);
  fail(new StoreError("full", "there is no space on the disk"));
  clock.pass(1000);
  expect(happened()).toEqual(["failed: full"]);
  performer.performInTurn([bookAlone(self, "a:2")]);
  performer.stop();
  expect(happened()).toEqual([]);
});
