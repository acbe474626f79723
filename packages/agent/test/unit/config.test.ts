import { describe, expect, it } from "vitest";
import { configFromEnvironment, SETTINGS } from "../../src/config.ts";

describe("the configuration", () => {
  it("has a value for everything without an environment", () => {
    expect(configFromEnvironment({})).toEqual({
      ok: true,
      config: {
        apiPort: 8080,
        apiHost: undefined,
        stateDir: "/var/lib/arctic/agent",
        licenseRootsPath: undefined,
        dataplaneSocket: "/run/arctic/dataplane.sock",
        advertise: [],
        heartbeatEveryMs: 60_000,
        logFormat: "json",
        logLevel: "info",
        allowLoopbackPeers: false,
        plainHttp: false,
      },
    });
  });

  it("reads lists, flags and seconds", () => {
    const result = configFromEnvironment({
      ARCTIC_ADVERTISE: "192.0.2.1:8080,[2001:db8::1]:8080,node.example:1",
      ALLOW_LOOPBACK_PEERS: "true",
      CLUSTER_HEARTBEAT_INTERVAL_SECONDS: "2",
    });
    expect(result).toMatchObject({
      ok: true,
      config: {
        advertise: ["192.0.2.1:8080", "[2001:db8::1]:8080", "node.example:1"],
        allowLoopbackPeers: true,
        heartbeatEveryMs: 2_000,
      },
    });
  });

  it.each([
    ["API_PORT", "65536"],
    ["API_PORT", "08080"],
    ["API_PORT", "8080 "],
    ["ARCTIC_STATE_DIR", "relative"],
    ["ARCTIC_ADVERTISE", "192.0.2.1"],
    ["ARCTIC_ADVERTISE", "192.0.2.1:0"],
    ["CLUSTER_HEARTBEAT_INTERVAL_SECONDS", "0"],
    ["CLUSTER_HEARTBEAT_INTERVAL_SECONDS", "1.5"],
    ["LOG_FORMAT", "xml"],
    ["LOG_LEVEL", "trace"],
    ["ALLOW_LOOPBACK_PEERS", "yes"],
    ["API_PLAIN_HTTP", "1"],
  ])("refuses %s=%s and names it", (name, value) => {
    const result = configFromEnvironment({ [name]: value });
    expect(result.ok).toBe(false);
    expect(!result.ok && result.problems).toEqual([expect.stringContaining(`${name}=${value} is not `)]);
  });

  it("names every wrong value at once", () => {
    const result = configFromEnvironment({ API_PORT: "x", LOG_FORMAT: "y" });
    expect(!result.ok && result.problems).toHaveLength(2);
  });

  it("documents each setting once", () => {
    expect(new Set(SETTINGS.map((setting) => setting.name)).size).toBe(SETTINGS.length);
  });
});
