import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runArctic } from "../support/arctic.ts";
import { samplePeer } from "../support/samples.ts";

const SECRET = "not-a-real-token";

/** Answers as the path of the moment says, on plain HTTP over loopback. */
let answer: { status: number; body: unknown } | "never" = "never";
let seen: string[] = [];
let server: Server;
let url = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""}`);
    if (answer === "never") return;
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function ask(...flags: string[]) {
  seen = [];
  return runArctic(["peers", "list", "--url", url, ...flags], {
    ARCTIC_TOKEN: SECRET,
    ARCTIC_CONFIG: "/nonexistent/config",
  });
}

test.each([
  [401, "UNAUTHORIZED", 5],
  [403, "FORBIDDEN", 5],
  [404, "NOT_FOUND", 1],
  [422, "PEER_UNREACHABLE", 1],
  [503, "NOT_BOOTSTRAPPED", 1],
])("%i %s ends with %i", async (status, code, exitCode) => {
  answer = { status, body: { error: "it said no", code } };
  const { code: exit, stdout, stderr } = await ask("--json");
  expect(exit).toBe(exitCode);
  expect(stdout).toBe("");
  expect(JSON.parse(stderr)).toMatchObject({ code });
  expect(stderr).not.toContain(SECRET);
});

test("an answer goes to stdout alone, and the token to the header alone", async () => {
  answer = { status: 200, body: { peers: [samplePeer("alpha")] } };
  const { code, stdout, stderr } = await ask("-o", "json");
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toEqual({ peers: [samplePeer("alpha")] });
  expect(seen).toEqual([`GET /v1/peers Bearer ${SECRET}`]);
});

test("a server that is no agent is named as such", async () => {
  answer = { status: 200, body: "<html>" };
  const { code, stderr } = await ask();
  expect(code).toBe(1);
  expect(stderr).toContain("is it an agent?");
});

test("silence ends with 4 after the timeout", async () => {
  answer = "never";
  const { code, stderr } = await ask("--timeout", "1");
  expect(code).toBe(4);
  expect(stderr).toContain("no answer within 1000 ms");
});

test("a port where nothing listens ends with 4 and names the address", async () => {
  const { code, stdout, stderr } = await runArctic(["peers", "list", "--url", "http://127.0.0.1:1"]);
  expect([code, stdout]).toEqual([4, ""]);
  expect(stderr).toContain("http://127.0.0.1:1");
});

test.each([
  [["peers", "list", "--frob"], 2, "--frob"],
  [["peers", "get"], 2, "peer"],
  [["peers", "frob"], 2, "Did you mean"],
  [["peers", "list", "--url", "http://10.0.0.1:8080"], 2, "plain HTTP to another host"],
  [["peers", "list", "--url", "ftp://x"], 2, "not an agent's address"],
  [["peers", "list"], 3, "names no current cluster"],
  [["compose", "validate", "-f", "/nonexistent"], 2, "no such file"],
  [["services", "create", "--target-peer", "b", "--fully-transparent"], 2, "--requires-interface"],
  [["routes", "add", "--service", "s", "--dest-cidr", "10.0.0.1/08"], 2, "not a canonical CIDR"],
])("%j ends with %i", async (args, exitCode, word) => {
  const { code, stdout, stderr } = await runArctic(args, { ARCTIC_CONFIG: "/nonexistent/config" });
  expect([code, stdout]).toEqual([exitCode, ""]);
  expect(stderr).toContain(word);
});

test("help goes to stdout and ends with 0", async () => {
  for (const args of [[], ["--help"], ["peers"], ["help", "compose", "apply"]]) {
    const { code, stdout, stderr } = await runArctic(args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("USAGE");
  }
});
