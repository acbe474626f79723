import { describe, expect, it } from "vitest";
import { createClient } from "../../src/api/client.ts";
import { OPERATIONS } from "../../src/api/operations.ts";

describe("the typed client", () => {
  const client = createClient({ endpoints: ["http://127.0.0.1:1"] });

  it("has a method for every route", () => {
    const methods = Object.keys(client);
    const missing = Object.keys(OPERATIONS).filter((name) => name !== "getEvents" && !methods.includes(name));
    expect(missing).toEqual([]);
    expect(methods).toContain("events");
  });

  it("refuses what is no agent's address, and plain HTTP to another host", () => {
    const create = (endpoint: string) => () => createClient({ endpoints: [endpoint] });
    for (const bad of ["ftp://host:1", "https://user:word@host:1", "https://host:1/v1", "https://"])
      expect(create(bad)).toThrow(TypeError);
    expect(create("http://192.0.2.1:8080")).toThrow(/plain HTTP/);
    expect(() => createClient({ endpoints: [] })).toThrow(/at least one/);
  });

  it("sends no secret over TLS to a server that it has nothing to know by", async () => {
    const blind = createClient({
      endpoints: ["https://127.0.0.1:1"],
      auth: { type: "credentials", clientId: "cli_x", clientSecret: "s" },
    });
    await expect(blind.allPeers()).rejects.toMatchObject({ wasSent: false, message: /no fingerprint or CA/ });
  });
});
