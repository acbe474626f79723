import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClient, type KeptToken } from "../../src/api/client.ts";

const NEVER = Number.MAX_SAFE_INTEGER;

let server: Server;
let endpoint = "";
let connections = 0;
let issued = 0;
let seen: string[] = [];

/** Takes the tokens that it issued, and no other. */
beforeEach(async () => {
  [connections, issued, seen] = [0, 0, []];
  server = createServer((request, response) => {
    const { url = "", headers } = request;
    seen.push(`${request.method} ${url}`);
    request.resume();
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (url === "/v1/oauth/token") {
      issued += 1;
      send(200, { access_token: `issued-${issued}`, token_type: "Bearer", expires_in: 3600, scope: "admin" });
    } else if (headers.authorization?.startsWith("Bearer issued-")) send(200, { peers: [] });
    else send(401, { error: "no", code: "UNAUTHORIZED" });
  });
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function listWith(held: KeptToken | undefined): Promise<KeptToken[]> {
  const kept: KeptToken[] = [];
  const client = createClient({
    endpoints: [endpoint],
    auth: { type: "credentials", clientId: "cli_x", clientSecret: "not-a-real-secret" },
    tokens: { read: () => held, keep: (token) => kept.push(token) },
  });
  expect(await client.allPeers()).toEqual([]);
  client.close();
  return kept;
}

const token = (text: string, renewAt: number): KeptToken => ({
  value: { access_token: text, token_type: "Bearer", expires_in: 3600, scope: "admin" },
  renewAt,
});

test("a token and the call that it is for take one connection, and the token is kept", async () => {
  const kept = await listWith(undefined);
  expect(kept.map(({ value }) => value.access_token)).toEqual(["issued-1"]);
  expect(seen).toEqual(["POST /v1/oauth/token", "GET /v1/peers"]);
  expect(connections).toBe(1);
});

test("a kept token is used, and none is asked for", async () => {
  expect(await listWith(token("issued-0", NEVER))).toEqual([]);
  expect(seen).toEqual(["GET /v1/peers"]);
});

test("a kept token that is due or refused is replaced", async () => {
  expect(await listWith(token("issued-0", 0))).toHaveLength(1);
  expect(seen).toEqual(["POST /v1/oauth/token", "GET /v1/peers"]);
  seen = [];
  expect(await listWith(token("revoked", NEVER))).toHaveLength(1);
  expect(seen).toEqual(["GET /v1/peers", "POST /v1/oauth/token", "GET /v1/peers"]);
});
