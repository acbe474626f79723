import { describe, expect, test } from "vitest";
import { parseAddress } from "../../src/cidr.ts";
import type { Flow, FlowHandler } from "../../src/pegasus/flow.ts";
import {
  encodeAccept,
  encodeCredit,
  encodeDataHeader,
  encodeFin,
  encodeOpen,
  encodeReset,
  type OpenRequest,
  ProtocolError,
} from "../../src/pegasus/frame.ts";
import { type Deferral, MAX_FLOWS_PER_LINK, Mux } from "../../src/pegasus/mux.ts";
import { INITIAL_WINDOW_BYTES, MAX_WINDOW_BYTES } from "../../src/pegasus/window.ts";

const loopback = parseAddress("10.0.0.1");
if (loopback === undefined) throw new Error("no address");
const endpoint = { address: loopback, port: 1 };
const request: OpenRequest = {
  serviceId: "svc_01ARZ3NDEKTSV4RRFFQ69G5FAV",
  source: endpoint,
  destination: endpoint,
  transparent: false,
  byInterface: false,
};

/** What a flow was told, in order; `consume` says whether bytes are passed on at once. */
function record(flow: Flow, consume: boolean) {
  const told: string[] = [];
  const bytes: Buffer[] = [];
  const handler: FlowHandler = {
    accepted: () => void told.push("accepted"),
    data: (piece) => {
      bytes.push(Buffer.from(piece));
      if (consume) flow.consume(piece.length);
    },
    ended: () => void told.push("ended"),
    reset: (code) => void told.push(`reset ${code}`),
    writable: () => void told.push("writable"),
  };
  flow.attach(handler);
  return { flow, told, received: () => Buffer.concat(bytes) };
}

/** Two muxes and a wire that carries one write at a time when it is told to run. */
function createPair(options: { consume?: boolean } = {}) {
  const consume = options.consume ?? true;
  const tasks: (() => void)[] = [];
  const writes: { to: "dialler" | "dialled"; bytes: Buffer }[] = [];
  const atExit: ReturnType<typeof record>[] = [];
  let welcomed = 0;
  let stuck = 0;
  const wireTo = (to: "dialler" | "dialled") => ({
    write: (pieces: readonly Buffer[], bytes: number, written: () => void) => {
      const whole = Buffer.concat(pieces);
      expect(whole.length).toBe(bytes);
      writes.push({ to, bytes: whole });
      tasks.push(() => {
        (to === "dialled" ? dialled : dialler).receive(whole);
        written();
      });
    },
  });
  const defer = (task: () => void) => void tasks.push(task);
  const onStuck = () => {
    stuck += 1;
  };
  const dialler: Mux = new Mux({
    wire: wireTo("dialled"),
    defer,
    onStuck,
    onWelcome: () => {
      welcomed += 1;
    },
  });
  const dialled: Mux = new Mux({
    wire: wireTo("dialler"),
    defer,
    onStuck,
    onOpen: (flow) => atExit.push(record(flow, consume)),
  });
  const run = () => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task();
  };
  run();
  const open = () => {
    const entry = record(dialler.open(request), consume);
    run();
    const exit = atExit.at(-1);
    if (exit === undefined) throw new Error("no flow came out");
    return { entry, exit };
  };
  return { dialler, dialled, run, open, writes, welcomed: () => welcomed, stuck: () => stuck };
}

const filled = (length: number, start = 0) => Buffer.from(Array.from({ length }, (_, at) => (start + at * 7) % 256));

describe("a link", () => {
  test("welcomes who dialled it, once", () => {
    expect(createPair().welcomed()).toBe(1);
  });

  test("carries a flow's bytes both ways, ends each for itself and then forgets the flow", () => {
    const { dialler, dialled, open, run } = createPair();
    const { entry, exit } = open();
    expect(exit.flow.request).toEqual(request);
    exit.flow.accept();
    entry.flow.write(filled(100_000));
    entry.flow.end();
    run();
    expect(entry.told).toEqual(["accepted"]);
    expect(exit.told).toEqual(["ended"]);
    expect(exit.received().equals(filled(100_000))).toBe(true);
    exit.flow.write(filled(50_000, 3));
    run();
    expect(entry.received().equals(filled(50_000, 3))).toBe(true);
    expect([dialler.flowCount, dialled.flowCount]).toEqual([1, 1]);
    exit.flow.end();
    run();
    expect(entry.told).toEqual(["accepted", "ended"]);
    expect([dialler.flowCount, dialled.flowCount]).toEqual([0, 0]);
    expect([dialler.queuedBytes, dialled.queuedBytes]).toEqual([0, 0]);
  });

  test("carries data that follows the OPEN without waiting for the ACCEPT", () => {
    const { dialler, run, writes } = createPair();
    const before = writes.length;
    const flow = dialler.open(request);
    record(flow, true);
    flow.write(filled(1000));
    run();
    expect(writes.length - before).toBe(1);
  });

  test("sends up to the window and then waits for credit", () => {
    const { open, run } = createPair({ consume: false });
    const { entry, exit } = open();
    expect(entry.flow.write(Buffer.alloc(INITIAL_WINDOW_BYTES * 2))).toBe(false);
    run();
    expect(exit.received().length).toBe(INITIAL_WINDOW_BYTES);
    exit.flow.consume(INITIAL_WINDOW_BYTES);
    run();
    expect(exit.received().length).toBe(INITIAL_WINDOW_BYTES * 2);
    expect(entry.told).toEqual(["writable"]);
  });

  test("lets a flow pass whose neighbour's reader has stalled", () => {
    const { open, run } = createPair({ consume: false });
    const stalled = open();
    stalled.entry.flow.write(Buffer.alloc(10 * INITIAL_WINDOW_BYTES));
    run();
    const lively = open();
    for (let turn = 0; turn < 20; turn++) {
      lively.entry.flow.write(Buffer.alloc(INITIAL_WINDOW_BYTES));
      run();
      lively.exit.flow.consume(INITIAL_WINDOW_BYTES);
      run();
    }
    expect(lively.exit.received().length).toBe(20 * INITIAL_WINDOW_BYTES);
    expect(stalled.exit.received().length).toBe(INITIAL_WINDOW_BYTES);
  });

  test("gives a small flow its turn between the frames of a bulk one", () => {
    const { open, run, writes } = createPair();
    const bulk = open();
    const small = open();
    bulk.entry.flow.write(Buffer.alloc(INITIAL_WINDOW_BYTES));
    small.entry.flow.write(Buffer.from("ping"));
    const before = writes.length;
    run();
    const first = writes.slice(before).find(({ to }) => to === "dialled");
    expect(first?.bytes.indexOf("ping")).toBeLessThan(70_000);
    expect(first?.bytes.indexOf("ping")).toBeGreaterThan(0);
  });

  test("passes a reset on with its reason and forgets the flow on both sides", () => {
    const { dialler, dialled, open, run } = createPair();
    const { entry, exit } = open();
    entry.flow.write(filled(1000));
    exit.flow.reset("connect_refused");
    run();
    expect(entry.told).toEqual(["reset connect_refused"]);
    expect(exit.told).toEqual([]);
    expect([dialler.flowCount, dialled.flowCount]).toEqual([0, 0]);
  });

  test("survives resets, ends and credit that cross on the way", () => {
    const actions = ["write", "end", "reset"] as const;
    for (const ofEntry of actions) {
      for (const ofExit of actions) {
        for (const then of actions) {
          const { dialler, dialled, open, run } = createPair();
          const { entry, exit } = open();
          const act = (flow: Flow, action: (typeof actions)[number]) => {
            if (action === "write") flow.write(filled(200_000));
            else if (action === "end") flow.end();
            else flow.reset("cancelled");
          };
          act(entry.flow, ofEntry);
          act(exit.flow, ofExit);
          act(entry.flow, then);
          run();
          entry.flow.end();
          exit.flow.end();
          run();
          entry.flow.reset("cancelled");
          exit.flow.reset("cancelled");
          run();
          expect([dialler.flowCount, dialled.flowCount], `${ofEntry}, ${ofExit}, ${then}`).toEqual([0, 0]);
          expect([dialler.queuedBytes, dialled.queuedBytes]).toEqual([0, 0]);
        }
      }
    }
  });

  test("that is lost resets its flows", () => {
    const { dialler, open, run } = createPair();
    const { entry } = open();
    dialler.close();
    run();
    expect(entry.told).toEqual(["reset link_lost"]);
    expect(dialler.isUsedUp).toBe(true);
  });

  test("takes so many flows and refuses the next", () => {
    const { dialler, open, run } = createPair();
    for (let at = 0; at < MAX_FLOWS_PER_LINK; at++) record(dialler.open(request), true);
    run();
    const last = record(dialler.open(request), true);
    run();
    expect(last.told).toEqual(["reset overloaded"]);
    expect(open).toBeDefined();
  });

  test("gives up the flow that holds most when readers stall with too much", () => {
    const { open, run } = createPair({ consume: false });
    const flows = Array.from({ length: 700 }, () => open());
    for (const { entry } of flows) entry.flow.write(Buffer.alloc(INITIAL_WINDOW_BYTES));
    run();
    const isReset = ({ entry, exit }: (typeof flows)[number]) =>
      entry.told.includes("reset overloaded") && exit.told.includes("reset overloaded");
    const given = flows.filter(isReset).length;
    expect(given).toBeGreaterThanOrEqual(700 - 512);
    expect(given).toBeLessThan(250);
  });
});

/** One end of a link, whose wire takes a write at once; what it puts off is run by hand. */
function createEnd(role: "dialler" | "dialled") {
  const deferred: { until: Deferral; task: () => void }[] = [];
  const writes: Buffer[] = [];
  const opened: Flow[] = [];
  const mux: Mux = new Mux({
    wire: {
      write: (pieces, _bytes, written) => {
        writes.push(Buffer.concat(pieces));
        queueMicrotask(written);
      },
    },
    defer: (task, until) => void deferred.push({ task, until }),
    onStuck: () => {},
    ...(role === "dialler" ? {} : { onOpen: (flow: Flow) => void opened.push(flow) }),
  });
  /** Runs what was put off until then, and tells what left by it. */
  const runUntil = async (until: Deferral): Promise<Buffer> => {
    const due = deferred.filter((one) => one.until === until);
    deferred.splice(0, deferred.length, ...deferred.filter((one) => one.until !== until));
    const before = writes.length;
    for (const { task } of due) task();
    await Promise.resolve();
    return Buffer.concat(writes.slice(before));
  };
  const untils = () => deferred.map(({ until }) => until);
  return { mux, opened, runUntil, untils };
}

const dataOf = (flowId: number, text: string) =>
  Buffer.concat([encodeDataHeader(flowId, text.length), Buffer.from(text)]);

describe("a link writes", () => {
  test("an OPEN a turn later, together with what the client says meanwhile", async () => {
    const { mux, runUntil, untils } = createEnd("dialler");
    const flow = mux.open(request);
    expect(untils()).toEqual(["next_turn"]);
    flow.write(Buffer.from("hello"));
    expect(await runUntil("next_turn")).toEqual(Buffer.concat([encodeOpen(1, request), dataOf(1, "hello")]));
    expect(untils()).toEqual([]);
  });

  test("the bytes of several flows at the turn's end, all at once", async () => {
    const { mux, runUntil, untils } = createEnd("dialler");
    const [one, other] = [mux.open(request), mux.open(request)];
    await runUntil("next_turn");
    one.write(Buffer.from("one"));
    other.write(Buffer.from("other"));
    expect(untils()).toEqual(["turn"]);
    expect(await runUntil("turn")).toEqual(Buffer.concat([dataOf(1, "one"), dataOf(2, "other")]));
  });

  test("an ACCEPT with the answer that follows it", async () => {
    const { mux, opened, runUntil } = createEnd("dialled");
    await runUntil("turn");
    mux.receive(encodeOpen(1, request));
    opened[0]?.accept();
    opened[0]?.write(Buffer.from("pong"));
    expect(await runUntil("turn")).toEqual(Buffer.concat([encodeAccept(1), dataOf(1, "pong")]));
    expect(await runUntil("moment")).toEqual(Buffer.alloc(0));
  });

  test("an ACCEPT by itself where nothing follows for a moment", async () => {
    const { mux, opened, runUntil, untils } = createEnd("dialled");
    await runUntil("turn");
    mux.receive(encodeOpen(1, request));
    opened[0]?.accept();
    expect(untils()).toEqual(["moment"]);
    expect(await runUntil("moment")).toEqual(encodeAccept(1));
  });

  test("at once that a destination refused, and a moment later that a client is gone", async () => {
    const { mux, opened, runUntil } = createEnd("dialled");
    await runUntil("turn");
    mux.receive(Buffer.concat([encodeOpen(1, request), encodeOpen(2, request)]));
    opened[0]?.reset("cancelled");
    expect(await runUntil("moment")).toEqual(encodeReset(1, "cancelled"));
    opened[1]?.reset("connect_refused");
    expect(await runUntil("turn")).toEqual(encodeReset(2, "connect_refused"));
  });
});

describe("a link is closed over", () => {
  const opened = encodeOpen(1, request);
  const data = (flowId: number, length: number) =>
    Buffer.concat([encodeDataHeader(flowId, length), Buffer.alloc(length)]);
  const beyond = Array.from({ length: 5 }, () => data(1, 64 * 1024));

  test.each<[string, Buffer[]]>([
    ["a flow opened twice", [opened, opened]],
    ["a flow opened out of order", [encodeOpen(2, request), opened]],
    ["data of a flow that nobody opened", [data(1, 1)]],
    ["credit for a flow that nobody opened", [encodeCredit(1, 1)]],
    ["a reset of a flow that nobody opened", [encodeReset(1, "cancelled")]],
    ["data after the end", [opened, encodeFin(1), data(1, 1)]],
    ["two ends", [opened, encodeFin(1), encodeFin(1)]],
    ["data beyond the credit", [opened, ...beyond]],
    ["credit beyond the largest window", [opened, encodeCredit(1, MAX_WINDOW_BYTES)]],
    ["an ACCEPT from who dialled", [opened, encodeAccept(1)]],
    ["data of a flow that was reset", [opened, encodeReset(1, "cancelled"), data(1, 1)]],
  ])("%s", (_, frames) => {
    const mux = new Mux({
      wire: { write: () => {} },
      defer: () => {},
      onStuck: () => {},
      onOpen: (flow) => void record(flow, false),
    });
    expect(() => {
      for (const frame of frames) mux.receive(frame);
    }).toThrow(ProtocolError);
  });

  test("a flow opened by the side that was dialled", () => {
    const mux = new Mux({ wire: { write: () => {} }, defer: () => {}, onStuck: () => {} });
    expect(() => mux.receive(opened)).toThrow(ProtocolError);
  });

  test("answers that are asked for and never read", () => {
    let stuck = 0;
    const mux = new Mux({
      wire: { write: () => {} },
      defer: () => {},
      onStuck: () => {
        stuck += 1;
      },
      onOpen: (flow) => flow.reset("not_admitted"),
    });
    for (let id = 1; id <= 16 * MAX_FLOWS_PER_LINK + 1; id++) {
      mux.receive(encodeOpen(id, request));
      mux.receive(encodeReset(id, "cancelled"));
    }
    expect(stuck).toBeGreaterThan(0);
  });
});
