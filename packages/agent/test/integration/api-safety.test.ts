import { generateKeyPairSync } from "node:crypto";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bootstrapped, type Client, createClient, fetchTlsFingerprint } from "../../src/api/client.ts";
import { bootstrapped, clientOf, startTestAgent, type TestAgent } from "../helpers/agents.ts";
import { type Authority, createAuthority } from "../helpers/authority.ts";

describe("the API toward callers that mean no good", () => {
  let authority: Authority;
  let agent: TestAgent;
  let made: Bootstrapped;
  let client: Client;
  let token: string;

  beforeAll(async () => {
    authority = createAuthority();
    agent = await startTestAgent(authority.rootsPath);
    made = await bootstrapped(agent, authority.issue(), "safe");
    client = clientOf(agent, made);
    token = (await client.getToken()).access_token;
  });
  afterAll(async () => {
    client?.close();
    await agent?.remove();
    authority.remove();
  });

  const send = (path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) =>
    new Promise<{ status: number; headers: IncomingHttpHeaders; body: { code?: string; error?: string } }>(
      (resolve, reject) => {
        const [host = "", port = ""] = agent.address().split(":");
        const { method = "GET", headers = {}, body } = options;
        const outgoing = request({ host, port, path, method, headers }, (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: text.startsWith("{") ? JSON.parse(text) : {},
            });
          });
        });
        outgoing.on("error", reject);
        outgoing.end(body);
      },
    );
  const authorized = () => ({ authorization: `Bearer ${token}` });
  const json = () => ({ ...authorized(), "content-type": "application/json" });

  it("answers nothing to a web page or under a foreign name", async () => {
    expect(await send("/v1/peers", { headers: { ...authorized(), origin: "http://evil.example" } })).toMatchObject({
      status: 403,
    });
    expect(await send("/v1/cluster/identity", { headers: { host: "evil.example" } })).toMatchObject({ status: 403 });
    expect(await send("/v1/cluster/identity", { headers: { host: "localhost:1" } })).toMatchObject({ status: 200 });
    const { headers } = await send("/v1/cluster/identity");
    expect(Object.keys(headers).some((name) => name.startsWith("access-control-"))).toBe(false);
  });

  it("refuses tokens that are absent, cut, unsigned, of a stranger or with a foreign key under our name", async () => {
    const [header = "", payload = "", signature = ""] = token.split(".");
    const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url")}.${payload}.`;
    const { privateKey } = generateKeyPairSync("ed25519");
    const forged = await new SignJWT({ scope: "urn:tillered:arctic:admin" })
      .setProtectedHeader({ alg: "EdDSA", typ: "JWT", kid: made.peer_id })
      .setIssuer(made.peer_id)
      .setAudience(made.cluster_id)
      .setSubject(made.client_id)
      .setJti("x")
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(privateKey);
    for (const bad of ["", "x", `${header}.${payload}.${signature.slice(0, -4)}AAAA`, unsigned, forged]) {
      expect(await send("/v1/peers", { headers: { authorization: `Bearer ${bad}` } })).toMatchObject({
        status: 401,
        body: { code: "UNAUTHORIZED" },
      });
    }
    expect(await send("/v1/peers")).toMatchObject({ status: 401 });
    expect(await send("/v1/peers", { headers: authorized() })).toMatchObject({ status: 200 });
  });

  it("cuts a token to the scope that was asked for", async () => {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: made.client_id,
      client_secret: made.client_secret,
      scope: "peers.read",
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const { body } = await send("/v1/oauth/token", { method: "POST", headers, body: form.toString() });
    const narrow = { authorization: `Bearer ${(body as { access_token?: string }).access_token}` };
    expect(body).toMatchObject({ token_type: "Bearer", expires_in: 3600, scope: "urn:tillered:arctic:peers.read" });
    expect(await send("/v1/peers", { headers: narrow })).toMatchObject({ status: 200 });
    expect(await send("/v1/services", { headers: narrow })).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    expect(await send("/v1/cluster/sync", { method: "POST", headers: narrow })).toMatchObject({ status: 403 });
  });

  it("accepts Basic, and refuses a wrong secret as RFC 6749 says", async () => {
    const basic = (secret: string) => ({
      authorization: `Basic ${Buffer.from(`${made.client_id}:${secret}`).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
    });
    const body = "grant_type=client_credentials";
    expect(await send("/v1/oauth/token", { method: "POST", headers: basic(made.client_secret), body })).toMatchObject({
      status: 200,
    });
    const wrong = await send("/v1/oauth/token", { method: "POST", headers: basic("sec_wrong"), body });
    expect(wrong).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    expect(wrong.headers["www-authenticate"]).toMatch(/^Basic/);
  });

  it.each([
    ["a duplicate key", '{"address":"a:1","address":"b:1"}', 400, "INVALID_REQUEST"],
    ["a __proto__ key", '{"address":"a:1","__proto__":{}}', 400, "INVALID_REQUEST"],
    ["a byte order mark", '\ufeff{"address":"a:1"}', 400, "INVALID_REQUEST"],
    ["deep nesting", `{"address":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, 400, "INVALID_REQUEST"],
    ["an unknown field", '{"address":"192.0.2.1:1","adress":"x"}', 400, "INVALID_REQUEST"],
    ["a missing field", "{}", 400, "MISSING_FIELD"],
    ["a body over 1 MiB", `{"address":"${"x".repeat(1024 * 1024)}"}`, 413, "TOO_LARGE"],
  ])("refuses %s", async (_, body, status, code) => {
    expect(await send("/v1/peers", { method: "POST", headers: json(), body })).toMatchObject({
      status,
      body: { code },
    });
  });

  it.each([
    [{ dest_cidr: "10.0.0.1/8" }, "INVALID_CIDR"],
    [{ dest_cidr: "10.0.0.0/08" }, "INVALID_CIDR"],
    [{ dest_cidr: "010.0.0.0/8" }, "INVALID_CIDR"],
    [{ source_cidr: "::ffff:10.0.0.0/104" }, "INVALID_CIDR"],
  ])("refuses the route %j", async (route, code) => {
    const body = JSON.stringify({ target_peer_id: made.peer_id, routes: [{ priority: 1, ...route }] });
    expect(await send("/v1/services", { method: "POST", headers: json(), body })).toMatchObject({
      status: 400,
      body: { code },
    });
  });

  it("refuses another transport and a service to itself", async () => {
    const post = (body: object) =>
      send("/v1/services", { method: "POST", headers: json(), body: JSON.stringify(body) });
    expect(await post({ target_peer_id: made.peer_id, transport_type: "quic" })).toMatchObject({
      body: { code: "INVALID_TRANSPORT" },
    });
    expect(await post({ target_peer_id: made.peer_id })).toMatchObject({
      status: 400,
      body: { code: "INVALID_REQUEST" },
    });
  });

  it("drops connections that are slow to say something", async () => {
    const [host = "", port = ""] = agent.address().split(":");
    const slow = ["", "GET /livez HTTP/1.1\r\nHost: x\r\nX-A: ", "\u0016"].map((text) => {
      const socket = connect({ host, port: Number(port) });
      if (text !== "") socket.write(text);
      return new Promise<void>((resolve) =>
        socket
          .on("error", () => resolve())
          .on("close", () => resolve())
          .resume(),
      );
    });
    await Promise.all(slow);
  }, 15_000);

  it("sends nothing to a server with another certificate", async () => {
    const endpoint = `https://${agent.address()}`;
    expect(await fetchTlsFingerprint(endpoint, 5_000)).toBe(made.tls_fingerprint);
    const wary = createClient({
      endpoints: [endpoint],
      trust: { type: "fingerprints", sha256: ["00".repeat(32)] },
      auth: { type: "credentials", clientId: made.client_id, clientSecret: made.client_secret },
    });
    const before = agent.logLines.length;
    await expect(wary.allPeers()).rejects.toMatchObject({
      name: "TlsMismatchError",
      fingerprint: made.tls_fingerprint,
    });
    expect(agent.logLines.length).toBe(before);
    wary.close();
    expect(() => createClient({ endpoints: ["http://192.0.2.1:8080"] })).toThrow(/plain HTTP to another host/);
  });

  it("goes on to the next endpoint when one does not answer", async () => {
    const failover = createClient({
      endpoints: ["https://127.0.0.1:1", `https://${agent.address()}`],
      trust: { type: "fingerprints", sha256: [made.tls_fingerprint] },
      auth: { type: "credentials", clientId: made.client_id, clientSecret: made.client_secret },
    });
    expect(await failover.allPeers()).toHaveLength(1);
    expect(failover.currentEndpoint()).toBe(`https://${agent.address()}`);
    failover.close();
  });

  it("describes itself", async () => {
    const { status, body } = await send("/openapi.json");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      openapi: "3.1.0",
      paths: { "/v1/peers/{peer_id}": { put: { operationId: "updatePeer" } } },
    });
    expect(await client.getMetrics()).toContain("arctic_license_days_left");
  });

  it("stops trying out secrets after twenty failures a minute", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = `grant_type=client_credentials&client_id=${made.client_id}&client_secret=sec_guess`;
    const statuses: number[] = [];
    for (let tries = 0; tries < 22; tries += 1)
      statuses.push((await send("/v1/oauth/token", { method: "POST", headers, body })).status);
    expect(statuses.at(-1)).toBe(429);
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(20);
  });
});
