import { describe, expect, it } from "vitest";
import { checkedAhead } from "../../src/transport/checked-ahead.ts";
import type { Transport, TransportEvent } from "../../src/transport/transport.ts";

const LONG = "x".repeat(10_000);

const turnOfTheLoop = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A transport that the test speaks through, and checks that end when the test says so. */
function station(nextTurn: () => Promise<void> = turnOfTheLoop) {
  const heard: string[] = [];
  const closed: string[] = [];
  const pending: (() => void)[] = [];
  let tell: (event: TransportEvent) => void = () => undefined;
  const inner: Transport = {
    start: (listener) => {
      tell = listener;
    },
    dial: () => undefined,
    send: () => undefined,
    close: (link) => closed.push(link),
    stop: () => undefined,
  };
  const check = () => new Promise<void>((resolve) => pending.push(resolve));
  const transport = checkedAhead(inner, check, nextTurn);
  transport.start((event) => heard.push(event.type === "received" ? event.text.slice(0, 5) : event.type));
  const settled = async () => {
    for (let turns = 0; turns < 10; turns += 1) await turnOfTheLoop();
  };
  return {
    transport,
    heard,
    closed,
    pending,
    settled,
    say: (text: string, link = "a") => tell({ type: "received", link, text }),
    end: (link = "a") => tell({ type: "closed", link }),
    async finish(check: number) {
      await settled();
      pending[check]?.();
      await settled();
    },
  };
}

describe("frames that are checked ahead", () => {
  it("come when their check is done, and short ones at once", async () => {
    const { say, heard, finish } = station();
    say("short");
    say(LONG);
    expect(heard).toEqual(["short"]);
    await finish(0);
    expect(heard).toEqual(["short", "xxxxx"]);
    say("again");
    expect(heard).toEqual(["short", "xxxxx", "again"]);
  });

  it("keep the order of their link, its end included, whatever check is done first", async () => {
    const { say, end, heard, finish } = station();
    say(`1${LONG}`);
    say(`2${LONG}`);
    say("3");
    end();
    await finish(1);
    expect(heard).toEqual([]);
    await finish(0);
    expect(heard).toEqual(["1xxxx", "2xxxx", "3", "closed"]);
  });

  it("are read one a turn of the event loop, and heard so", async () => {
    const turns: (() => void)[] = [];
    const { say, heard, pending, settled } = station(() => new Promise((resolve) => turns.push(resolve)));
    const turn = async () => {
      turns.shift()?.();
      await settled();
    };
    for (const text of [`1${LONG}`, `2${LONG}`, "3"]) say(text);
    await settled();
    expect(pending).toHaveLength(0);
    for (const count of [1, 2]) {
      await turn();
      expect(pending).toHaveLength(count);
    }
    for (const end of pending) end();
    await settled();
    expect(heard).toEqual(["1xxxx"]);
    await turn();
    expect(heard).toEqual(["1xxxx", "2xxxx"]);
    await turn();
    expect(heard).toEqual(["1xxxx", "2xxxx", "3"]);
  });

  it("do not hold up another link", async () => {
    const { say, heard } = station();
    say(LONG, "a");
    say("other", "b");
    expect(heard).toEqual(["other"]);
  });

  it("are dropped where the link was closed meanwhile, and all after a stop", async () => {
    const { say, end, heard, finish, transport, closed } = station();
    say(LONG);
    transport.close("a");
    expect(closed).toEqual(["a"]);
    end();
    await finish(0);
    expect(heard).toEqual(["closed"]);
    say(LONG, "b");
    transport.stop();
    await finish(1);
    expect(heard).toEqual(["closed"]);
  });

  it("end the link that sends more of them than can wait", () => {
    const { say, closed } = station();
    const frame = "y".repeat(1024 * 1024);
    for (let sent = 0; sent < 64; sent += 1) say(frame);
    expect(closed).toEqual([]);
    say(frame);
    expect(closed).toEqual(["a"]);
  });
});
