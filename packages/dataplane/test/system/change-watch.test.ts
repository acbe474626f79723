import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { makeWorld, missingForWorld, type World } from "./support/world.ts";

const GENERATION = fileURLToPath(new URL("../../src/kernel/nft-generation.ts", import.meta.url));
const SOURCE = fileURLToPath(new URL("../../src/kernel/change-watch.ts", import.meta.url));

/** Asks before and after each command, which it runs in the namespace that it watches. */
const SCRIPT = `
  const { kernelChangeWatch } = await import(${JSON.stringify(SOURCE)});
  const { execFileSync } = await import("node:child_process");
  const watch = kernelChangeWatch();
  const told = [watch.hasChanged(), watch.hasChanged()];
  for (const command of process.argv.slice(1)) {
    execFileSync("sh", ["-c", command]);
    told.push(watch.hasChanged(), watch.hasChanged());
  }
  console.log(JSON.stringify(told));
`;

/** A table is written and refused by `nft`; what is heard of both. */
const COMMITS = `
  const { kernelGeneration } = await import(${JSON.stringify(GENERATION)});
  const { spawn } = await import("node:child_process");
  const generation = kernelGeneration();
  const before = generation.read();
  const watch = generation.watch();
  const write = async (text) => {
    const nft = spawn("nft", ["-f", "-"]);
    nft.stdin.end(text);
    await new Promise((resolve) => nft.on("close", resolve));
    return nft.pid;
  };
  const accepted = await write("add table inet one\\n");
  const refused = await write("add table inet two\\nadd rule inet two none accept\\n");
  const told = {
    accepted: watch.hasCommitted(accepted),
    refused: watch.hasCommitted(refused),
    nobody: watch.hasCommitted(process.pid),
  };
  watch.end();
  const unwatched = await write("add table inet three\\n");
  const again = generation.watch();
  const after = { forgotten: again.hasCommitted(accepted), unwatched: again.hasCommitted(unwatched) };
  after.steps = generation.read() - before;
  console.log(JSON.stringify({ ...told, ...after }));
  process.exit(0);
`;

let world: World;

describeWhere(await missingForWorld(), "the kernel tells of a change, once, and not of what only reads", () => {
  beforeAll(async () => {
    world = await makeWorld();
  });
  afterAll(() => world?.destroy());

  test.each([
    ["a link", "ip link add d0 type vxlan id 9 dstport 9999 remote fd99::9"],
    ["a link that goes up", "ip link set d0 up"],
    ["an address of IPv4", "ip addr add 10.9.9.1/24 dev d0"],
    ["an address of IPv6", "ip addr add fd99::1/64 dev d0 nodad"],
    ["a route", "ip route add unreachable 10.98.0.0/16 table 99"],
    ["a route of IPv6", "ip -6 route add unreachable fd98::/64 table 99"],
    ["a rule", "ip rule add fwmark 0x99 lookup 99"],
    ["a rule of IPv6", "ip -6 rule add fwmark 0x99 lookup 99"],
    ["a queue", "tc qdisc replace dev d0 root handle 1: htb default 0"],
    ["a class", "tc class replace dev d0 parent 1: classid 1:1 htb rate 1mbit"],
  ])("%s", async (_, command) => {
    const argv = ["--conditions=arctic-source", "--no-warnings", "--input-type=module", "-e", SCRIPT, command];
    const told = JSON.parse(await world.inside("a", process.execPath, ...argv));
    expect(told).toEqual([true, false, true, false]);
  });

  test("not of a reading", async () => {
    const argv = [
      "--conditions=arctic-source",
      "--no-warnings",
      "--input-type=module",
      "-e",
      SCRIPT,
      "ip addr; ip rule",
    ];
    expect(JSON.parse(await world.inside("a", process.execPath, ...argv))).toEqual([true, false, false, false]);
  });

  test("who commits to a table, as soon as it has, and nobody whose transaction was refused", async () => {
    const argv = ["--conditions=arctic-source", "--no-warnings", "--input-type=module", "-e", COMMITS];
    expect(JSON.parse(await world.inside("a", process.execPath, ...argv))).toEqual({
      accepted: true,
      refused: false,
      nobody: false,
      forgotten: false,
      unwatched: false,
      steps: 2,
    });
  });
});
