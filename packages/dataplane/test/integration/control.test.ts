import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  connectDataplane,
  type DataplaneClient,
  type DataplaneIdentity,
  type NetworkPlan,
  type Observation,
} from "@arctic/dataplane";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { MAX_LINE_BYTES } from "../../src/control-protocol.ts";
import { type ControlServer, groupId, serveControl } from "../../src/control-server.ts";
import { PEER_B, plan, routed } from "../unit/support/example.ts";

const IDENTITY: DataplaneIdentity = {
  version: "0.0.0",
  pegasus: { port: 61_000, tls_fingerprint: "ab".repeat(32) },
  tunnel: { public_key: "A".repeat(43), port: 51_840 },
  tunnel_backend: "userspace",
  relay_engine: "none",
};
const ROTATED: DataplaneIdentity = { ...IDENTITY, tunnel: { public_key: "B".repeat(43), port: 51_840 } };
const OBSERVATION = { observed_at: "2026-01-01T00:00:00Z", flows_at_most: 1_000, services: [], peers: [] };

let folder: string;
let path: string;
let server: ControlServer;
let client: DataplaneClient;
let applied: NetworkPlan[];
let fail: Error | undefined;
let observed: Observation;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "arctic-control-"));
  path = join(folder, "run", "dataplane.sock");
  applied = [];
  fail = undefined;
  observed = OBSERVATION;
  server = await serveControl(path, {
    identity: IDENTITY,
    heard: () => {},
    observe: async () => observed,
    rotateTunnelKey: async () => ROTATED,
    apply: async (given) => {
      if (fail !== undefined) throw fail;
      applied.push(given);
      return OBSERVATION;
    },
  });
  client = await connectDataplane(path);
});

afterEach(async () => {
  client.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test("the client hands a plan over, gets what was observed, and has the tunnel's next key announced", async () => {
  expect(await client.identity()).toEqual(IDENTITY);
  expect(await client.apply(plan([routed("entry")]))).toEqual(OBSERVATION);
  expect(await client.observe()).toEqual(OBSERVATION);
  expect(await client.rotateTunnelKey()).toEqual(ROTATED);
  await client.ping();
  expect(applied).toEqual([plan([routed("entry")])]);
});

test("who asks to watch is told what changed, though nobody asks how it is, and once", async () => {
  const peer = { peer_id: PEER_B, links_open: 0 };
  const told: unknown[] = [];
  await client.watch((change) => told.push(change));
  observed = { ...OBSERVATION, peers: [peer] };
  await expect.poll(() => told, { timeout: 5_000 }).toEqual([{ services: [], peers: [PEER_B] }]);
  const other = await connectDataplane(path);
  observed = { ...OBSERVATION, peers: [{ ...peer, links_open: 2 }] };
  await other.observe();
  await expect.poll(() => told).toHaveLength(2);
  await other.observe();
  observed = { ...observed, observed_at: "2026-01-01T00:00:09Z" };
  await other.observe();
  await client.ping();
  expect(told).toHaveLength(2);
  other.close();
});

test("the socket is for its owner alone", async () => {
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("a bad plan is refused by the place in it and never reaches the data plane", async () => {
  const bad = { ...plan([routed("entry")]), format: 2 } as unknown as NetworkPlan;
  await expect(client.apply(bad)).rejects.toMatchObject({
    code: "INVALID_PLAN",
    message: expect.stringContaining("format: "),
  });
  expect(applied).toEqual([]);
  await client.ping();
});

test("a data plane that fails says why, and the connection goes on", async () => {
  fail = new Error("nft refused the ruleset");
  await expect(client.apply(plan([]))).rejects.toMatchObject({ code: "FAILED", message: "nft refused the ruleset" });
  await client.ping();
});

test("calls that are under way when the connection ends are rejected, and the listener is told", async () => {
  const closed = new Promise<void>((resolve) => client.onClose(resolve));
  const call = client.observe();
  client.close();
  await expect(call).rejects.toThrow("is arctic-dataplane running?");
  await closed;
  await expect(client.ping()).rejects.toThrow("is arctic-dataplane running?");
});

test("without a data plane the connection is refused with what to do", async () => {
  await expect(connectDataplane(join(folder, "none.sock"))).rejects.toThrow("(ENOENT): start arctic-dataplane");
});

test("a second server on the same path is refused while the first answers", async () => {
  await expect(
    serveControl(path, {
      identity: IDENTITY,
      heard: () => {},
      observe: async () => OBSERVATION,
      rotateTunnelKey: async () => ROTATED,
      apply: async () => OBSERVATION,
    }),
  ).rejects.toThrow("a data plane is running already");
});

test.each([
  ["no json", "the line is no JSON"],
  ['{"id":1,"method":"surprise"}', "request method"],
  ['{"id":1,"method":"ping","extra":1}', "extra"],
])("the request %s is refused", async (line, message) => {
  const reply = JSON.parse(await raw(`${line}\n`));
  expect(reply.error.code).toBe("INVALID_REQUEST");
  expect(reply.error.message).toContain(message);
});

test("a line that grows past the limit ends the connection", async () => {
  expect(await raw("x".repeat(MAX_LINE_BYTES + 1))).toBe("");
});

test("a request may come in pieces, and two in one piece", async () => {
  const socket = connect(path);
  const lines: string[] = [];
  const done = new Promise<void>((resolve) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString();
      lines.push(...text.split("\n").slice(0, -1));
      text = text.split("\n").at(-1) ?? "";
      if (lines.length === 3) resolve();
    });
  });
  socket.write('{"id":1,"met');
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.write('hod":"ping"}\n{"id":2,"method":"ping"}\n{"id":3,"method":"ping"}\n');
  await done;
  socket.destroy();
  expect(lines.map((line) => JSON.parse(line).id).sort()).toEqual([1, 2, 3]);
});

/** Writes and resolves with the first line that comes back, or with nothing when the connection ends. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let answer = "";
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer.split("\n")[0] ?? ""));
    socket.on("data", (chunk) => {
      answer += chunk.toString();
      if (answer.includes("\n")) socket.destroy();
    });
    socket.write(text);
  });
}

describeWhere(process.getuid?.() === 0 ? undefined : "only root gives a socket to a group", "with a group", () => {
  test("its members may use it without root, and others may not", async () => {
    await server.close();
    await chmod(folder, 0o755);
    const handled = {
      identity: IDENTITY,
      heard: () => {},
      observe: async () => OBSERVATION,
      rotateTunnelKey: async () => ROTATED,
      apply: async () => OBSERVATION,
    };
    server = await serveControl(path, handled, 60_001);
    const { mode, gid } = await stat(path);
    expect([mode & 0o777, gid]).toEqual([0o660, 60_001]);
    const openAs = (group: number): Promise<string> => {
      const code = `require("net").connect(${JSON.stringify(path)}).on("connect", () => { console.log("open"); process.exit() }).on("error", (e) => { console.log(e.code); process.exit() })`;
      const argv = ["--reuid=60000", `--regid=${group}`, "--clear-groups", process.execPath, "-e", code];
      return promisify(execFile)("setpriv", argv).then(({ stdout }) => stdout.trim());
    };
    expect(await openAs(60_001)).toBe("open");
    expect(await openAs(60_002)).toBe("EACCES");
  });
});

test("a group is given by name or number, and one that the host has not is refused with what to do", async () => {
  expect([await groupId("0"), await groupId("root"), await groupId("4711")]).toEqual([0, 0, 4711]);
  await expect(groupId("no-such-group")).rejects.toThrow(
    "--control-group: this host has no group no-such-group; make it: groupadd --system no-such-group",
  );
});
