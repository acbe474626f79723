import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createId, type LicenseState, rfc3339FromMs } from "@arctic/core";
import { beforeAll, describe, expect, it } from "vitest";
import type { Bootstrapped } from "../../src/api/client.ts";
import { OPERATIONS, type Operation, type OperationName } from "../../src/api/operations.ts";
import { bootstrapped, clientOf } from "../helpers/agents.ts";
import { loneAgent } from "../helpers/lone-agent.ts";
import { crypto } from "../helpers/records.ts";

const DAY_MS = 86_400_000;
// Leaving would end the others' test, and the bootstrap is over.
const rows = (Object.entries(OPERATIONS) as [OperationName, Operation][]).filter(
  ([name]) => name !== "removeSelf" && name !== "bootstrap",
);

describe("a license that has run out", () => {
  const lone = loneAgent();
  let made: Bootstrapped;
  beforeAll(async () => {
    made = await bootstrapped(lone.agent, lone.authority.issue(), "late");
  });

  /** As after months of running: what is stored says so, signed by the same root. */
  const restartIn = async (state: LicenseState, daysAgo: number) => {
    await lone.agent.agent.stop();
    const license = lone.authority.issue({
      license_id: made.license_id,
      issued_at: rfc3339FromMs(Date.now() - 400 * DAY_MS),
      expires_at: rfc3339FromMs(Date.now() - daysAgo * DAY_MS),
    });
    const database = new DatabaseSync(join(lone.agent.config.stateDir, "arctic.sqlite"));
    const put = database.prepare(
      "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET document = excluded.document",
    );
    put.run("license", JSON.stringify(license));
    put.run("flags", JSON.stringify({ license: { state, behindMs: 0 } }));
    database.close();
    await lone.agent.restart();
    const client = clientOf(lone.agent, made);
    const { access_token } = await client.getToken();
    expect((await client.getLicense()).state).toBe(state);
    client.close();
    return access_token;
  };
  const codeOf = async (operation: Operation, token: string) => {
    const path = operation.path
      .replace("{peer_id}", made.peer_id)
      .replace("{service_id}", createId("svc", crypto, Date.now()))
      .replace("{route_id}", "1")
      .replace("{client_id}", createId("cli", crypto, Date.now()));
    const abort = new AbortController();
    const response = await fetch(`http://${lone.agent.address()}${path}`, {
      method: operation.method,
      headers: { authorization: `Bearer ${token}` },
      signal: abort.signal,
    });
    if (response.headers.get("content-type") === "text/event-stream") {
      abort.abort();
      return "stream";
    }
    const text = await response.text();
    return response.status === 422 ? JSON.parse(text).code : String(response.status);
  };

  it.each([
    ["read_only", 20, (operation: Operation) => operation.license === "needed" && operation.effect === "write"],
    ["suspended", 60, (operation: Operation) => operation.license === "needed"],
  ] as const)("refuses, when %s, what its row says and nothing else", async (state, daysAgo, isRefused) => {
    const token = await restartIn(state, daysAgo);
    for (const [name, operation] of rows) {
      const code = await codeOf(operation, token);
      expect([name, code === "LICENSE_EXPIRED", code]).toEqual([name, isRefused(operation), code]);
    }
  });

  it("is refused no more once its successor is put in, on the spot", async () => {
    await restartIn("suspended", 60);
    const client = clientOf(lone.agent, made);
    await expect(client.allServices()).rejects.toMatchObject({ status: 422, code: "LICENSE_EXPIRED" });
    expect(await client.putLicense(lone.authority.issue({ license_id: made.license_id }))).toMatchObject({
      state: "valid",
    });
    expect(await client.allServices()).toEqual([]);
    expect((await client.rotateClusterCredentials()).client_secret).toMatch(/^sec_/);
    client.close();
  });
});
