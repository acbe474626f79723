import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { programArguments } from "../../../../test/support/programs.ts";
import { type Pair, startPair } from "./support/pair.ts";
import { routed, SERVICE_ROUTED } from "./support/plans.ts";
import { missingForWorld } from "./support/world.ts";

/** Real WireGuard between two data planes, while a client asks the server for an echo every 50 ms. */
const PING_MS = 50;
const OVERLAP_S = 2;
const SERVER = "10.71.3.2";

let pair: Pair;

describeWhere(await missingForWorld(), "the tunnel's keys", () => {
  beforeAll(async () => {
    pair = await startPair(["--tunnel-key-overlap", String(OVERLAP_S)]);
    await announced();
    await pair.active("a");
    await pair.ping(SERVER);
  });
  afterAll(() => pair?.destroy());

  test.each([
    ["the entry's", ["a"]],
    ["the exit's", ["b"]],
    ["both at once", ["a", "b"]],
  ] as const)("change, %s, with less than a second of silence", async (_, hosts) => {
    const before = await Promise.all(hosts.map((host) => runningKey(host)));
    const silence = silenceWhile(OVERLAP_S + 4);
    await sleep(500);
    const next = await Promise.all(
      hosts.map(async (host) => (await pair.client(host).rotateTunnelKey()).tunnel.public_key),
    );
    // Told to the others, who have it beside the one that carries; the tunnel still has the one before.
    await announced();
    expect(await Promise.all(hosts.map((host) => runningKey(host)))).toEqual(before);
    expect(next).not.toEqual(before);
    expect(await silence).toBeLessThan(1_000);
    expect(await Promise.all(hosts.map((host) => runningKey(host)))).toEqual(next);
    for (const host of ["a", "b"] as const) {
      expect((await peersOf(host)).length).toBe(1);
      expect((await pair.service(host, SERVICE_ROUTED)).state).toBe("active");
    }
  });

  test("the operator's command announces a next key", async () => {
    const before = (await pair.client("a").identity()).tunnel.public_key;
    const argv = [
      ...programArguments("arctic-dataplane"),
      "rotate-tunnel-key",
      "--control-socket",
      `${pair.world.folder}/a.sock`,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, argv);
    const after = (await pair.client("a").identity()).tunnel.public_key;
    expect(stdout).toBe(`${after} is announced as the tunnel's next key\n`);
    expect(after).not.toBe(before);
  });

  test("a peer that starts between announcing and taking reaches the tunnel by the key before", async () => {
    await pair.process("a").end("SIGTERM");
    await pair.restart("a", ["--tunnel-key-overlap", "600"]);
    await announced();
    const before = await runningKey("a");
    await pair.client("a").rotateTunnelKey();
    await announced();
    await pair.process("b").end("SIGKILL");
    await pair.restart("b");
    await announced();
    await pair.active("b");
    expect((await pair.ping(SERVER)).match(/bytes from/g)?.length).toBe(3);
    expect(await runningKey("a")).toBe(before);
    expect((await peersOf("b")).length).toBe(2);
  });
});

/** What agents do: each host's plan names what the other's data plane says of itself. */
const announced = (): Promise<void> => pair.apply([routed("entry")], [routed("exit")]);

const show = (host: "a" | "b"): Promise<string[]> => {
  const pid = pair.process(host).process.pid;
  // The socket of wireguard-go lies in the data plane's own mount namespace.
  return promisify(execFile)("nsenter", ["-t", String(pid), "-m", "-n", "wg", "show", "tempest0", "dump"]).then(
    ({ stdout }) => stdout.trim().split("\n"),
  );
};
const peersOf = async (host: "a" | "b"): Promise<string[]> => (await show(host)).slice(1);
const runningKey = async (host: "a" | "b"): Promise<string> =>
  Buffer.from((await show(host))[0]?.split("\t")[1] ?? "", "base64").toString("base64url");

/** The longest time without an answer, in milliseconds, while echoes were asked for every 50 ms. */
async function silenceWhile(seconds: number): Promise<number> {
  const count = (seconds * 1000) / PING_MS;
  const text = await pair.world.inside(
    "client",
    "sh",
    "-c",
    `ping -n -c ${count} -i ${PING_MS / 1000} -W 1 ${SERVER} || true`,
  );
  const answered = [...text.matchAll(/icmp_seq=(\d+) ttl/g)].map(([, sequence]) => Number(sequence));
  let longest = 0;
  let last = 0;
  for (const sequence of [...answered, count + 1]) {
    longest = Math.max(longest, sequence - last - 1);
    last = sequence;
  }
  return longest * PING_MS;
}
