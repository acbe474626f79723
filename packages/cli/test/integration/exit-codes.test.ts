import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { runArctic } from "../support/arctic.ts";
import { samplePeer } from "../support/samples.ts";

const SECRET = "not-a-real-token";

/** Answers as the path of the moment says, on plain HTTP over loopback. */
let answer: { status: number; body: unknown } | "never" = "never";
let seen: string[] = [];
let server: Server;
let url = "";
const directory = mkdtempSync(join(tmpdir(), "arctic-exit-codes-"));

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
  rmSync(directory, { recursive: true, force: true });
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
  [401, "TOKEN_EXPIRED", 5],
  [403, "FORBIDDEN", 5],
  [403, "API_INTERNAL_ONLY", 5],
  [409, "ALREADY_BOOTSTRAPPED", 1],
  [422, "PEER_UNREACHABLE", 1],
  [503, "NOT_BOOTSTRAPPED", 1],
])("%i %s ends with %i", async (status, code, exitCode) => {
  answer = { status, body: { error: "it said no", code } };
  const { code: exit, stdout, stderr } = await ask("--json");
  expect(exit).toBe(exitCode);
  expect(stdout).toBe("");
  expect(JSON.parse(stderr)).toMatchObject({ code, error: expect.stringContaining(url), next: expect.any(String) });
  expect(stderr).not.toContain(SECRET);
});

test("an answer goes to stdout alone, and the token to the header alone", async () => {
  answer = { status: 200, body: { peers: [samplePeer("alpha")] } };
  const { code, stdout, stderr } = await ask("-o", "json");
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toEqual({ peers: [samplePeer("alpha")] });
  expect(seen).toEqual([`GET /v1/peers Bearer ${SECRET}`]);
});

test.each([
  [200, "<html>"],
  [502, "<html>Bad Gateway</html>"],
  [200, { peers: "none" }],
])("a proxy that answers %i %j in the agent's place ends with 4", async (status, body) => {
  answer = { status, body };
  const { code, stdout, stderr } = await ask("--json");
  expect([code, stdout]).toEqual([4, ""]);
  const failure = JSON.parse(stderr);
  expect(failure).toMatchObject({ code: "REPLY_MALFORMED", next: expect.stringContaining("proxy") });
  expect(failure.error).toContain(url);
});

test("TLS that ends at a proxy ends with 4 before a secret is sent", async () => {
  const { port } = server.address() as AddressInfo;
  const over = ["--url", `https://127.0.0.1:${port}`, "--tls-fingerprint", "0".repeat(64)];
  const { code, stderr } = await runArctic(["peers", "list", ...over], { ARCTIC_TOKEN: SECRET });
  expect(code).toBe(4);
  expect(stderr).toContain(`127.0.0.1:${port}`);
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

test("a configuration that others may open ends with 3 and the command that closes it", async () => {
  const path = join(directory, "open.yaml");
  writeFileSync(path, "{}\n");
  chmodSync(path, 0o644);
  const { code, stderr } = await runArctic(["peers", "list"], { ARCTIC_CONFIG: path });
  expect([code, stderr]).toEqual([3, expect.stringContaining(`chmod 600 ${path}`)]);
});

test("a broken configuration ends with 3 and its line", async () => {
  const path = join(directory, "broken.yaml");
  writeFileSync(path, "clusters:\n  a: [\n", { mode: 0o600 });
  const { code, stderr } = await runArctic(["peers", "list", "--json"], { ARCTIC_CONFIG: path });
  expect(code).toBe(3);
  expect(JSON.parse(stderr)).toMatchObject({ code: "CONFIGURATION", error: expect.stringContaining(`${path}:`) });
});

test("health ends with 6 where some agents do not answer, and tells which", async () => {
  const path = join(directory, "two.yaml");
  const peer = (letter: string, endpoint: string) => ({
    peer_id: `peer_01JD${letter.repeat(22)}`,
    name: letter,
    endpoints: [endpoint],
    tls_fingerprint: "0".repeat(64),
  });
  const cluster = {
    cluster_id: `clu_01JD${"0".repeat(22)}`,
    customer_id: `cust_01JD${"0".repeat(22)}`,
    client_id: `cli_01JD${"0".repeat(22)}`,
    client_secret: `sec_${"A".repeat(43)}`,
    peers: [peer("A", url), peer("B", "http://127.0.0.1:1")],
  };
  const config = { current_cluster: cluster.cluster_id, clusters: { [cluster.cluster_id]: cluster } };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  answer = { status: 200, body: { status: "ok", timestamp: "2026-01-01T00:00:00.000Z" } };
  const { code, stdout } = await runArctic(["health", "--all-contexts", "--json"], { ARCTIC_CONFIG: path });
  expect(code).toBe(6);
  const { agents } = JSON.parse(stdout);
  expect(agents.map((agent: { status: string }) => agent.status)).toEqual(["ok", "no_answer"]);
});

test("a pipe gets no colours, and yaml and json say the same", async () => {
  answer = { status: 200, body: { peers: [samplePeer("alpha")] } };
  const args = ["peers", "list", "--url", url];
  const environment = { ARCTIC_TOKEN: SECRET, ARCTIC_CONFIG: "/nonexistent/config", NO_COLOR: "" };
  const [plain, yaml, json] = await Promise.all([
    runArctic(args, environment),
    runArctic([...args, "-o", "yaml"], environment),
    runArctic([...args, "--json"], environment),
  ]);
  expect(plain.stdout).not.toContain("\u001b");
  expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
});

test.each([
  [["peers", "list", "--frob"], 2, "--frob"],
  [["peers", "get"], 2, "peer"],
  [["peers", "frob"], 2, "Did you mean"],
  [["peers", "list", "--url", "http://10.0.0.1:8080"], 2, "plain HTTP to another host"],
  [["peers", "list", "--url", "ftp://x"], 2, "not an agent's address"],
  [["peers", "list"], 3, "names no current cluster"],
  [["peers", "list", "--json", "-o", "yaml"], 2, "cannot also be provided"],
  [["peers", "list", "--interval", "3"], 2, "--watch"],
  [["health", "--timeout", "0"], 2, "--timeout"],
  [["config", "set", "frob", "1"], 2, "there is no key frob"],
  [["config", "set", "cache_ttl", "-1"], 2, ""],
  [["config", "use", "nowhere"], 3, 'no configured cluster "nowhere"'],
  [["autocomplete", "tcsh"], 2, "bash, zsh, fish"],
  [["license", "verify", "/nonexistent", "--roots", "/nonexistent"], 2, "no such file"],
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
