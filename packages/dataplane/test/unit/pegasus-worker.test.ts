import { describe, expect, test } from "vitest";
import { flowsAtMost } from "../../src/pegasus/descriptors.ts";
import { NO_TALLY, type Tally, tallyAfterDeath, totalOf } from "../../src/pegasus/tally.ts";
import { rightsToTry, workerCommand, workerPathFrom } from "../../src/pegasus/worker-command.ts";
import type { WorkerCounts } from "../../src/pegasus/worker-message.ts";

describe("a worker", () => {
  test("is started by root as a user of its own that may only make transparent sockets", () => {
    expect(workerCommand("own_user", "/node", "/x/worker.ts")).toEqual({
      command: "setpriv",
      args: [
        "--reuid=60961",
        "--regid=60961",
        "--clear-groups",
        "--inh-caps=-all,+net_raw",
        "--ambient-caps=-all,+net_raw",
        "--bounding-set=-all,+net_raw",
        "--no-new-privs",
        "/node",
        "--conditions=arctic-source",
        "--no-warnings",
        "/x/worker.ts",
      ],
    });
  });

  test("is started without flags of the source tree where it is bundled", () => {
    expect(workerCommand("parent", "/node", "/x/pegasus-worker.js")).toEqual({
      command: "/node",
      args: ["/x/pegasus-worker.js"],
    });
  });

  test("keeps more rights only where fewer do not work, and there are none to shed without root", () => {
    expect(rightsToTry(0)).toEqual(["own_user", "root_without_capabilities", "parent"]);
    expect(rightsToTry(1000)).toEqual(["parent"]);
  });

  test("is found beside its parent, in the source tree and in the bundle", () => {
    expect(workerPathFrom("file:///x/src/pegasus/worker-command.ts")).toBe("/x/src/pegasus/worker.ts");
    expect(workerPathFrom("file:///x/dist/main.js")).toBe("/x/dist/pegasus-worker.js");
  });
});

test("flows are as many as the hard limit of descriptors, but for what a worker itself holds", () => {
  const limits = (hard: string) =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax processes             1024                 1024                 processes\nMax open files            1024                 ${hard}                files\n`;
  expect(flowsAtMost(limits("65536"))).toBe(65_280);
  expect(flowsAtMost(limits("100"))).toBe(0);
  expect(flowsAtMost(limits("unlimited"))).toBe(2 ** 30);
});

describe("counts", () => {
  const counts = (bytesIn: number, flowsOpen: number, at = 1): WorkerCounts => ({
    services: [
      {
        serviceId: "svc_1",
        role: "entry",
        flowsOpen,
        flowsTotal: 2,
        flowsRefused: 1,
        bytesIn,
        bytesOut: 5,
        connects: { connected: 2, refused: 1 },
        lastRefusal: { at, text: `no ${at}` },
      },
    ],
    links: [{ peerId: "peer_1", open: 2 }],
    unmatched: { flows: 3 },
  });

  test("of the workers are added up, and the latest refusal is the last", () => {
    const total = totalOf([
      { ...NO_TALLY, latest: counts(10, 1, 2) },
      { ...NO_TALLY, latest: counts(20, 2, 1) },
    ]);
    expect(total.services).toEqual([
      {
        serviceId: "svc_1",
        role: "entry",
        flowsOpen: 3,
        flowsTotal: 4,
        flowsRefused: 2,
        bytesIn: 30,
        bytesOut: 10,
        connects: { connected: 4, refused: 2 },
        lastRefusal: "no 2",
      },
    ]);
    expect(total.links).toEqual([{ peerId: "peer_1", open: 4 }]);
    expect(total.unmatched).toEqual({ flows: 6 });
  });

  test("of a worker that died stay counted, but for what was open", () => {
    let tally: Tally = { ...NO_TALLY, latest: counts(10, 1) };
    for (let death = 0; death < 3; death++) tally = { ...tallyAfterDeath(tally), latest: counts(1, 1) };
    const total = totalOf([tally]);
    expect(total.services[0]).toMatchObject({
      flowsOpen: 1,
      flowsTotal: 8,
      bytesIn: 13,
      connects: { connected: 8, refused: 4 },
    });
    expect(total.links).toEqual([{ peerId: "peer_1", open: 2 }]);
  });
});
