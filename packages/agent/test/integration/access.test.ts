import { request as httpRequest } from "node:http";
import { createId } from "@arctic/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bootstrapped, Client, Scope } from "../../src/api/client.ts";
import { SCOPES, scopeName } from "../../src/api/client.ts";
import { OPERATIONS, type Operation, type OperationName } from "../../src/api/operations.ts";
import { bootstrapped, clientOf, startTestAgent, type TestAgent } from "../helpers/agents.ts";
import { type Authority, createAuthority } from "../helpers/authority.ts";
import { crypto } from "../helpers/records.ts";
import { createTokenForge, tokenDefects } from "../helpers/tokens.ts";

const rows = Object.entries(OPERATIONS) as [OperationName, Operation][];
const guarded = rows.filter(([, { access }]) => access !== "public");
const scoped = rows.flatMap(([name, operation]): [OperationName, Operation & { access: Scope }][] => {
  const scope = SCOPES.find((candidate) => candidate === operation.access);
  return scope === undefined ? [] : [[name, { ...operation, access: scope }]];
});

/** Every row of the API's table is tried, so that a new route is covered as soon as it has a row. */
describe("each route of the API", () => {
  let authority: Authority;
  let agent: TestAgent;
  let made: Bootstrapped;
  let client: Client;
  let forge: ReturnType<typeof createTokenForge>;

  beforeAll(async () => {
    authority = createAuthority();
    agent = await startTestAgent(authority.rootsPath);
    made = await bootstrapped(agent, authority.issue(), "guarded");
    client = clientOf(agent, made);
    forge = createTokenForge(agent.config.stateDir, made);
  });
  afterAll(async () => {
    client?.close();
    await agent?.remove();
    authority.remove();
  });

  interface Reply {
    readonly status: number;
    readonly code: string | undefined;
    readonly error: string;
  }
  /** Over plain HTTP on loopback. A stream is left as soon as it has begun. */
  const send = (operation: Operation, options: { token?: string; query?: string; body?: string; type?: string } = {}) =>
    new Promise<Reply>((resolve, reject) => {
      const [host = "", port = ""] = agent.address().split(":");
      const { token, query = "", body, type = "application/json" } = options;
      const outgoing = httpRequest(
        {
          host,
          port,
          method: operation.method,
          path: pathOf(operation) + query,
          headers: {
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            ...(body === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(body) }),
          },
        },
        (incoming) => {
          const { statusCode: status = 0 } = incoming;
          if (incoming.headers["content-type"] === "text/event-stream") {
            incoming.destroy();
            resolve({ status, code: undefined, error: "" });
            return;
          }
          let text = "";
          incoming.on("data", (chunk: Buffer) => {
            text += chunk.toString("utf8");
          });
          incoming.on("end", () => {
            const { code, error = "" } = text.startsWith("{") ? JSON.parse(text) : {};
            resolve({ status, code, error });
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  /** Ids of the right form that name nothing, so that nothing happens where a call is let through. */
  const pathOf = ({ path }: Operation) =>
    path
      .replace("{peer_id}", made.peer_id)
      .replace("{service_id}", createId("svc", crypto, Date.now()))
      .replace("{route_id}", "1")
      .replace("{client_id}", createId("cli", crypto, Date.now()));

  it("refuses a token in which anything is wrong", async () => {
    const gone = await client.createCredential();
    await client.deleteCredential(gone.client_id);
    const defects = tokenDefects(forge, made, gone.client_id);
    expect(defects.length).toBeGreaterThan(15);
    const wrong: string[] = [];
    for (const [name, operation] of guarded) {
      for (const defect of defects) {
        const { status, code, error } = await send(operation, { token: await defect.token() });
        if (status !== 401 || code !== defect.code) wrong.push(`${name}, ${defect.name}: ${status} ${code} ${error}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("refuses a caller that shows none, but for the bootstrap, which judges for itself", async () => {
    for (const [name, operation] of guarded) {
      const { status, code } = await send(operation);
      const isOwnRule = operation.access === "own_rule";
      expect([name, status, code]).toEqual(isOwnRule ? [name, 400, "MISSING_FIELD"] : [name, 401, "UNAUTHORIZED"]);
    }
  });

  it("refuses a token with every scope but its own", async () => {
    for (const [name, operation] of scoped) {
      const scope = SCOPES.filter((other) => other !== operation.access && other !== "admin")
        .map(scopeName)
        .join(" ");
      const { status, code, error } = await send(operation, { token: await forge({ claims: { scope } }) });
      expect([name, status, code]).toEqual([name, 403, "FORBIDDEN"]);
      expect(error).toContain(scopeName(operation.access));
    }
  });

  it("refuses a token whose client was recorded with less than it says", async () => {
    const narrow = await client.createCredential({ scopes: ["services.read"] });
    for (const [name, operation] of scoped.filter(([, { access }]) => access !== "services.read")) {
      const token = await forge({ claims: { sub: narrow.client_id } });
      expect([name, (await send(operation, { token })).status]).toEqual([name, 403]);
    }
  });

  it("lets a token with its one scope through", async () => {
    for (const [name, operation] of guarded.filter(([name]) => name !== "removeSelf")) {
      const scope =
        operation.access === "any_token" ? scopeName("services.read") : scopeName(operation.access as Scope);
      const { status } = await send(operation, { token: await forge({ claims: { scope } }) });
      expect([name, status === 401 || status === 403]).toEqual([name, false]);
    }
  });

  it("takes a token for half a minute past its end, for clocks that differ a little, and not for a whole one", async () => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const endedBefore = (seconds: number) => ({ claims: { iat: nowSeconds - 1_000, exp: nowSeconds - seconds } });
    expect((await send(OPERATIONS.listPeers, { token: await forge(endedBefore(15)) })).status).toBe(200);
    expect(await send(OPERATIONS.listPeers, { token: await forge(endedBefore(60)) })).toMatchObject({
      status: 401,
      code: "TOKEN_EXPIRED",
    });
  });

  it("refuses a query that it does not know, and one that is given twice", async () => {
    const token = await forge();
    for (const [name, operation] of guarded) {
      const { status, code, error } = await send(operation, { token, query: "?surprise=1" });
      expect([name, status, code]).toEqual([name, 400, "INVALID_REQUEST"]);
      expect(error).toMatch(/^query: .*surprise/);
    }
    for (const [name, operation] of guarded.filter(([, { query }]) => query.safeParse({ limit: "1" }).success)) {
      const { status, error } = await send(operation, { token, query: "?limit=1&limit=2" });
      expect([name, status]).toEqual([name, 400]);
      expect(error).toMatch(/^query\.limit: /);
    }
  });

  it("refuses a body where it takes none", async () => {
    const token = await forge();
    for (const [name, operation] of guarded.filter(([, row]) => row.body === undefined && row.method !== "GET")) {
      const { status, code } = await send(operation, { token, body: "{}" });
      expect([name, status, code]).toEqual([name, 400, "INVALID_REQUEST"]);
    }
  });

  const withBody = guarded.filter(([, { body }]) => body !== undefined);
  it.each([
    ["is no JSON", "{", /./],
    ["has a key twice", '{"surprise":1,"surprise":2}', /surprise|twice|duplicate/i],
    ["has a key __proto__", '{"__proto__":{}}', /__proto__/],
    ["is a list", "[]", /^body: /],
    ["is a text", '"x"', /^body: /],
    ["is null", "null", /^body: /],
  ])("refuses a body that %s", async (_, body, message) => {
    const token = await forge();
    for (const [name, operation] of withBody) {
      const { status, error } = await send(operation, { token, body });
      expect([name, status]).toEqual([name, 400]);
      expect(error).toMatch(message);
    }
  });

  it("refuses a field that it does not know, by its name", async () => {
    const token = await forge();
    // What a license says is open to fields of later versions, and here it lacks all the others.
    for (const [name, operation] of withBody.filter(([name]) => name !== "putLicense")) {
      const { status, error } = await send(operation, { token, body: '{"surprise":1}' });
      expect([name, status]).toEqual([name, 400]);
      expect(error).toMatch(/^body/);
    }
    for (const name of ["createCredential", "initCluster", "updatePeer", "updateService"] as const)
      expect((await send(OPERATIONS[name], { token, body: '{"surprise":1}' })).error).toMatch(/surprise/);
  });

  it("refuses a body that is not said to be JSON", async () => {
    const token = await forge();
    for (const [name, operation] of withBody)
      expect([name, (await send(operation, { token, body: "{}", type: "text/plain" })).status]).toEqual([name, 400]);
  });

  it("refuses ids of another form in its path", async () => {
    const token = await forge();
    for (const [name, operation] of guarded.filter(([, { path }]) => path.includes("{"))) {
      const path = operation.path.replace(/\{\w+\}/g, "zzz");
      const { status, error } = await send(
        { ...operation, path },
        { token, body: operation.body === undefined ? "" : "{}" },
      );
      expect([name, status]).toEqual([name, 400]);
      expect(error).toMatch(/^path\.\w+: /);
    }
  });

  it("answers what is no route with 404", async () => {
    const token = await forge();
    for (const path of ["/v1/nothing", "/v1/peers/x/y", "/v1/registry"])
      expect((await send({ ...OPERATIONS.listPeers, path }, { token })).status).toBe(404);
  });

  it("writes no token to its log", () => {
    expect(agent.logLines.join("")).not.toMatch(/eyJ[A-Za-z0-9_-]+\./);
    expect(agent.logLines.join("")).not.toContain("api.failed");
  });
});
