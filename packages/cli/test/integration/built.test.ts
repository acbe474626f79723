import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { COMMANDS } from "../../src/commands.ts";
import { samplePeer, sampleService } from "../support/samples.ts";

/** The command as it is installed: `npm test` builds it first. */
const ARCTIC = fileURLToPath(new URL("../../bin/arctic.js", import.meta.url));

let directory = "";
let server: Server;
let url = "";
let body: unknown = { peers: [samplePeer("alpha")] };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "arctic-built-"));
  server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

function start(args: readonly string[]): { child: ChildProcess; output: () => string; code: Promise<number | null> } {
  const environment = { PATH: process.env.PATH, HOME: directory, ARCTIC_TOKEN: "not-a-real-token" };
  const child = spawn(ARCTIC, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (more) => (text += more));
  return { child, output: () => text, code: new Promise((resolve) => child.once("close", resolve)) };
}

async function arctic(...args: string[]): Promise<{ code: number | null; output: string }> {
  const { output, code } = start(args);
  return { code: await code, output: output() };
}

test("it tells its version with and without loading itself", async () => {
  expect(await arctic("--version")).toEqual({ code: 0, output: `arctic ${manifest.version}\n` });
  expect((await arctic("version", "--json")).output).toContain(`"arctic": "${manifest.version}"`);
});

test("it asks an agent, in every form", async () => {
  body = { peers: [samplePeer("alpha")] };
  const list = ["peers", "list", "--url", url];
  expect(await arctic(...list)).toMatchObject({ code: 0, output: expect.stringContaining("alpha") });
  expect(JSON.parse((await arctic(...list, "--json")).output)).toEqual(body);
  expect((await arctic(...list, "-o", "yaml")).output).toContain("name: alpha");
});

test("it judges replies, though by plain data and not by the agent's schemas", async () => {
  body = { peers: [{ ...samplePeer("alpha"), state: "sideways" }] };
  const { code, output } = await arctic("peers", "list", "--url", url, "--json");
  expect(code).toBe(4);
  expect(JSON.parse(output)).toMatchObject({
    code: "REPLY_MALFORMED",
    error: expect.stringContaining("peers.0.state"),
  });
});

test("every command has its help and finds what it is bundled with", async () => {
  for (const id of Object.keys(COMMANDS)) {
    const { code, output } = await arctic(...id.split(":"), "--help");
    expect([id, code]).toEqual([id, 0]);
    expect(output).toContain("USAGE");
  }
  const made = await arctic(
    "license",
    "keygen",
    "--out",
    join(directory, "k.key"),
    "--roots",
    join(directory, "r.json"),
  );
  expect(made.code).toBe(0);
  await arctic("compose", "init", "-f", join(directory, "c.yaml"));
  expect((await arctic("compose", "validate", "-f", join(directory, "c.yaml"))).output).toContain("is valid");
  expect((await arctic("peers", "get")).code).toBe(2);
  expect((await arctic("__complete", "bash", "peers", "g")).output).toBe("get\n");
});

test("on a terminal states have colours, unless NO_COLOR is set or the configuration says never", async () => {
  body = { peers: [samplePeer("alpha")] };
  const list = `${ARCTIC} peers list --url ${url}`;
  expect(await onTerminal(list)).toContain("\u001b[32mconnected\u001b[0m");
  expect(await onTerminal(`NO_COLOR=1 ${list}`)).not.toContain("\u001b");
  await arctic("config", "set", "color", "never");
  expect(await onTerminal(list)).not.toContain("\u001b");
  await arctic("config", "set", "color", "auto");
});

test("a deletion asks on a terminal, and only yes is a yes", async () => {
  body = { services: [sampleService("lan")], peers: [] };
  const remove = `${ARCTIC} services delete lan --url ${url}`;
  expect(await onTerminal(remove, "n")).toContain("Nothing was changed.");
  expect(await onTerminal(remove, "y")).not.toContain("Nothing was changed.");
});

/** What a terminal shows of the line; the answer is typed at the question. */
async function onTerminal(line: string, answer?: string): Promise<string> {
  const environment = { PATH: process.env.PATH, HOME: directory, ARCTIC_TOKEN: "not-a-real-token" };
  const child = spawn("script", ["-qec", line, "/dev/null"], { env: environment, stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (more: string) => {
    if (answer !== undefined && !text.includes("[y/N]") && more.includes("[y/N]")) child.stdin.write(`${answer}\n`);
    text += more;
  });
  await new Promise((resolve) => child.once("close", resolve));
  return text;
}

test("it keeps compiled code where nobody else may write", () => {
  const folder = join(directory, ".cache", "arctic", "code");
  expect(readdirSync(folder)).toContain("peers-list");
  expect(statSync(folder).mode & 0o077).toBe(0);
});

test("a watched list is shown again until Ctrl-C", async () => {
  body = { peers: [samplePeer("alpha")] };
  const { child, output, code } = start(["peers", "list", "--url", url, "--watch", "--interval", "1"]);
  await expect.poll(() => output().match(/NAME/g)?.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
  child.kill("SIGINT");
  await code;
  expect(child.signalCode).toBe("SIGINT");
  expect(output()).not.toContain("\u001b");
});
