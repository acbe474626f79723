import { expect, test } from "vitest";
import { classCountsFrom } from "../../src/kernel/class-use.ts";
import { desiredFromPlan } from "../../src/kernel/desired-from-plan.ts";
import { createMemoryRunner } from "../../src/kernel/memory-runner.ts";
import { messagesFrom } from "../../src/kernel/netlink.ts";
import { tableParts } from "../../src/kernel/nft.ts";
import { nftDifference } from "../../src/kernel/nft-difference.ts";
import { committerFrom, generationFrom, NO_GENERATION } from "../../src/kernel/nft-generation.ts";
import { TableKeeper } from "../../src/kernel/table-keeper.ts";
import type { PlanService } from "../../src/plan.ts";
import { CONFIG, factsFor, onLan, plan, routed, service } from "./support/example.ts";

const rulesetFor = (...services: PlanService[]) => {
  const of = plan(services);
  return desiredFromPlan(of, factsFor(of), CONFIG).ruleset;
};
const to = (destination: string): PlanService =>
  service("svc_01CX5ZZKBKACTAV9WEVGEMMVR1", "entry", {
    routes: [{ route_id: 1, priority: 0, dest_cidr: destination }],
  });

test("two tables that are alike differ in nothing", () => {
  expect(nftDifference(tableParts(rulesetFor(routed("entry"))), tableParts(rulesetFor(routed("entry"))))).toBe("");
});

test("a service that goes elsewhere costs its own elements", () => {
  const [before, after] = [to("10.71.3.0/24"), to("10.71.4.0/24")].map((one) => tableParts(rulesetFor(one)));
  if (before === undefined || after === undefined) throw new Error("two were made");
  expect(nftDifference(before, after).split("\n")).toEqual([
    "delete element inet arctic entry4_d24 { 10.71.3.0 }",
    "add element inet arctic entry4_d24 { 10.71.4.0 : 0x00010012 }",
  ]);
});

test("what refers goes before what it refers to, and comes after it", () => {
  const [bare, full] = [rulesetFor(to("10.71.3.0/24")), rulesetFor(to("10.71.3.0/25"), onLan("entry"))].map(tableParts);
  if (bare === undefined || full === undefined) throw new Error("two were made");
  const place = (text: string, line: RegExp): number => text.split("\n").findIndex((one) => line.test(one));
  const added = nftDifference(bare, full);
  expect(place(added, /^add chain .* service_2/)).toBeLessThan(place(added, /^add rule .* capture .*service_2/));
  expect(place(added, /^add map .* entry4_d25/)).toBeLessThan(place(added, /^add rule .* capture .*entry4_d25/));
  const removed = nftDifference(full, bare);
  expect(place(removed, /^flush chain .* capture/)).toBeLessThan(place(removed, /^delete chain .* service_2/));
  expect(place(removed, /^flush chain .* capture/)).toBeLessThan(place(removed, /^delete map .* entry4_d25/));
});

/** A kernel that counts its changes; `others` makes one that is not ours. */
function kernel() {
  let generation = 5;
  let isTouched = false;
  const runner = createMemoryRunner((argv) => {
    if (argv[1] === "-f") generation += 1;
    if (argv[1] !== "-j") return {};
    const chain = { chain: { name: isTouched ? "theirs" : "ours" } };
    return { stdout: JSON.stringify({ nftables: argv.includes("counted") ? [] : [chain] }) };
  });
  const keeper = new TableKeeper({
    runner,
    generation: { ...NO_GENERATION, read: () => generation },
    onCommand: () => {},
  });
  const others = (touches: boolean): void => {
    generation += 1;
    isTouched = touches;
  };
  const listings = () => runner.recorded.filter(({ argv }) => argv.includes("table")).length;
  const written = () => runner.recorded.filter(({ argv }) => argv[1] === "-f").map(({ stdin }) => stdin);
  return { keeper, others, listings, written };
}

test("a table that nobody changed is neither listed nor written again", async () => {
  const { keeper, listings, written } = kernel();
  await keeper.write(rulesetFor(routed("entry")));
  const before = listings();
  await keeper.write(rulesetFor(routed("entry")));
  expect(await keeper.isCurrent()).toBe(true);
  expect([listings() - before, written().length]).toEqual([0, 1]);
});

test("where the table was taken away it is written without a look, unless somebody wrote to any since", async () => {
  const { keeper, others, listings } = kernel();
  await keeper.remove();
  await keeper.write(rulesetFor(routed("entry")));
  expect(listings()).toBe(0);
  await keeper.remove();
  others(true);
  await keeper.write(rulesetFor(routed("entry")));
  expect(listings()).toBe(1);
});

test("another's change to another table is told from one to ours", async () => {
  const { keeper, others, written } = kernel();
  await keeper.write(rulesetFor(routed("entry")));
  await keeper.counts(true);
  others(false);
  expect(await keeper.isCurrent()).toBe(true);
  others(true);
  expect(await keeper.isCurrent()).toBe(false);
  await keeper.write(rulesetFor(routed("entry")));
  expect(written().at(-1)).toContain("flush table inet arctic");
});

test("who made a generation is read where the kernel tells of it, and nowhere else", () => {
  const told = (type: number) => {
    const message = Buffer.from(
      "0000000000000000000000000000000000000000080001000000000e080002000000738508000300",
      "hex",
    );
    message.writeUInt32LE(message.length, 0);
    message.writeUInt16LE(type, 4);
    return messagesFrom(message).map(committerFrom);
  };
  expect(told((10 << 8) | 15)).toEqual([29_573]);
  expect(told((10 << 8) | 12)).toEqual([undefined]);
});

/** As the kernel answered when it was asked on Linux 6.18. */
test("the kernel's generation and the bytes and drops of its classes are read from its netlink answers", () => {
  const generation = Buffer.from("24000000100a00000000000000000000000000000800010000000102", "hex");
  generation.writeUInt32LE(generation.length, 0);
  generation.writeUInt16LE((10 << 8) | 15, 4);
  expect(generationFrom(messagesFrom(generation))).toBe(258);
  const basic = Buffer.alloc(20);
  basic.set([20, 0, 1, 0], 0);
  basic.writeBigUInt64LE(12_345n, 4);
  const queue = Buffer.alloc(24);
  queue.set([24, 0, 3, 0], 0);
  queue.writeUInt32LE(17, 4 + 8);
  const statistics = Buffer.concat([Buffer.from([48, 0, 7, 0]), basic, queue]);
  const head = Buffer.alloc(36);
  head.writeUInt32LE(36 + statistics.length, 0);
  head.writeUInt16LE(40, 4);
  head.writeUInt32LE(0x1002a, 16 + 8);
  expect(classCountsFrom(messagesFrom(Buffer.concat([head, statistics])))).toEqual(
    new Map([[0x2a, { bytes: 12_345, drops: 17 }]]),
  );
  expect(classCountsFrom(messagesFrom(Buffer.from("00", "hex")))).toEqual(new Map());
});
