import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import type { Bootstrapped, Client } from "../../src/api/client.ts";
import { bootstrapped, clientOf, startTestAgent, type TestAgent, until } from "../helpers/agents.ts";
import { type Authority, createAuthority } from "../helpers/authority.ts";

describe("secrets", () => {
  let authority: Authority;
  let one: TestAgent;
  let other: TestAgent;
  let made: Bootstrapped;
  let client: Client;
  let token = "";
  const frames: string[] = [];
  const errorReplies: string[] = [];
  /** Each by what it is; wherever one turns up later, the name says what leaked. */
  const planted = new Map<string, string>();

  beforeAll(async () => {
    const send = WebSocket.prototype.send;
    vi.spyOn(WebSocket.prototype, "send").mockImplementation(function (this: WebSocket, ...args: unknown[]) {
      frames.push(String(args[0]));
      return Reflect.apply(send, this, args);
    });
    authority = createAuthority();
    const license = authority.issue();
    const quick = { logLevel: "debug" as const };
    [one, other] = await Promise.all([
      startTestAgent(authority.rootsPath, quick),
      startTestAgent(authority.rootsPath, quick),
    ]);
    made = await bootstrapped(one, license, "one");
    const otherMade = await bootstrapped(other, license, "other");
    client = clientOf(one, made);
    token = (await client.getToken()).access_token;
    const file = (agent: TestAgent, name: string) => readFileSync(join(agent.config.stateDir, name), "utf8").trim();
    for (const [name, agent] of [
      ["one", one],
      ["other", other],
    ] as const) {
      planted.set(`the recovery token of ${name}`, file(agent, "recovery.token"));
      planted.set(`the peer key of ${name}`, file(agent, "peer.key"));
      const [, keyLine = ""] = file(agent, "tls.pem").split("\n");
      planted.set(`the TLS key of ${name}`, keyLine);
    }
    planted.set("the client secret of one", made.client_secret);
    planted.set("the client secret of other", otherMade.client_secret);
    await client.addPeer({ address: other.address() });
    await abuse();
    await use(otherMade);
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    client?.close();
    await one?.remove();
    await other?.remove();
    authority.remove();
  });

  const ask = (method: string, path: string, headers: Record<string, string> = {}, body = "") =>
    new Promise<string>((resolve, reject) => {
      const [host = "", port = ""] = one.address().split(":");
      const outgoing = request({ host, port, method, path, headers, rejectUnauthorized: false }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("end", () => {
          const text = `${incoming.statusCode} ${JSON.stringify(incoming.headers)} ${Buffer.concat(chunks)}`;
          if ((incoming.statusCode ?? 0) >= 400) errorReplies.push(text);
          resolve(text);
        });
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });

  /** Secrets where they do not belong: a caller's mistakes must not end in a log or come back. */
  async function abuse(): Promise<void> {
    const mistake = (what: string) => {
      const secret = `sec_planted${Buffer.from(what).toString("base64url")}0000000000`.slice(0, 47);
      planted.set(what, secret);
      return secret;
    };
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const json = { "content-type": "application/json", authorization: `Bearer ${token}` };
    await ask("GET", `/v1/peers?client_secret=${mistake("a secret in a query")}`);
    await ask("GET", `/v1/${mistake("a secret in a path")}`, json);
    await ask("GET", `/v1/peers/${mistake("a secret for an id")}`, json);
    await ask("GET", `/v1/peers?${mistake("a secret as a parameter")}=1`, json);
    await ask("POST", "/v1/oauth/token", form, `grant_type=x&client_secret=${mistake("a secret in a wrong grant")}`);
    await ask(
      "POST",
      "/v1/oauth/token",
      form,
      `grant_type=client_credentials&client_id=${made.client_id}&client_secret=${mistake("a wrong secret")}`,
    );
    await ask("GET", "/v1/peers", { authorization: `Bearer ${mistake("a bearer that is none")}` });
    await ask("GET", "/v1/peers", { authorization: `Basic ${mistake("a Basic that is none")}` });
    await ask("GET", "/v1/peers", { "x-arctic-recovery": mistake("a wrong recovery token") });
    await ask("GET", "/v1/peers", { ...json, "x-arctic-peer": mistake("a secret for a peer") });
    await ask("POST", "/v1/peers", json, `{"address":"${mistake("a secret for an address")}"}`);
    await ask("POST", "/v1/peers", json, `{"address":"192.0.2.1:1","${mistake("a secret for a key")}":1}`);
    await ask(
      "POST",
      "/v1/peers",
      json,
      `{"address":"192.0.2.1:1","expect_key":"${mistake("a secret for a public key")}"}`,
    );
    await ask("POST", "/v1/peers", json, `{"client_secret":"${mistake("a secret in broken JSON")}`);
    await ask("POST", "/v1/bootstrap", json, `{"license":{"signature":"${mistake("a secret in a license")}"}}`);
    await ask("POST", "/v1/services", json, `{"name":"x","target_peer_id":"${mistake("a secret for a target")}"}`);
  }

  /** What is right and common, the recovery token and a relayed write with it. */
  async function use(otherMade: Bootstrapped): Promise<void> {
    await ask("GET", "/v1/peers", { "x-arctic-recovery": planted.get("the recovery token of one") ?? "" });
    await client.updatePeer(otherMade.peer_id, { description: "by a relayed write" });
    await until("it came there", async () => (await client.getPeer(otherMade.peer_id)).description !== "");
    planted.set(
      "the secret of a new client",
      (await client.createCredential({ scopes: ["peers.read"] })).client_secret,
    );
    planted.set("the secret of a rotation", (await client.rotateClusterCredentials()).client_secret);
  }

  const leaks = (texts: readonly string[]) =>
    [...planted].flatMap(([name, secret]) => texts.filter((text) => text.includes(secret)).map((text) => [name, text]));

  it("were tried in many places, or the tests below would say nothing", () => {
    expect(planted.size).toBeGreaterThan(20);
    expect(new Set(planted.values()).size).toBe(planted.size);
    expect(errorReplies.length).toBeGreaterThan(12);
    expect(frames.length).toBeGreaterThan(10);
    expect([...one.logLines, ...other.logLines].length).toBeGreaterThan(10);
  });

  it("are in no line of any log", () => {
    const lines = [...one.logLines, ...other.logLines];
    expect(leaks(lines)).toEqual([]);
    expect(lines.filter((line) => line.includes(token))).toEqual([]);
  });

  it("are in no answer that refuses something", () => {
    expect(leaks(errorReplies)).toEqual([]);
    expect(errorReplies.filter((reply) => reply.includes(token))).toEqual([]);
  });

  it("are in no frame between peers, but for a caller's token in a call that is relayed in his name", () => {
    expect(leaks(frames)).toEqual([]);
    const withToken = frames.filter((frame) => frame.includes(token));
    expect(withToken.map((frame) => (JSON.parse(frame) as { type: string }).type)).toSatisfy((types: string[]) =>
      types.every((type) => type === "call"),
    );
  });

  it("are in no file but their own", () => {
    const own: Readonly<Record<string, RegExp>> = {
      "recovery.token": /^the recovery token/,
      "peer.key": /^the peer key/,
      "tls.pem": /^the TLS key/,
    };
    for (const agent of [one, other]) {
      for (const name of readdirSync(agent.config.stateDir)) {
        const text = readFileSync(join(agent.config.stateDir, name), "latin1");
        const found = leaks([text]).map(([what]) => what ?? "");
        expect(
          found.filter((what) => own[name]?.test(what) !== true),
          name,
        ).toEqual([]);
      }
    }
  });
});
