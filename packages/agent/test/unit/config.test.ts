import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { configFromEnvironment, configFromFile, supervisionFromEnvironment } from "../../src/config.ts";
import { helpText, settingsAsMarkdown } from "../../src/help.ts";
import { fileKeyOf, SETTINGS, settingsForNextStart } from "../../src/settings.ts";

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

  it("shows the same table in --help and in docs/agent.md", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../../docs/agent.md"), "utf8");
    expect(page).toContain(settingsAsMarkdown());
    for (const { name } of SETTINGS) expect(helpText()).toContain(name);
  });

  it.each([
    ["ARCTIC_ADVERTIZE", "ARCTIC_ADVERTISE"],
    ["API_PROT", "API_PORT"],
    ["LOG_LEVELS", "LOG_LEVEL"],
    ["ALLOW_LOOPBACK_PEER", "ALLOW_LOOPBACK_PEERS"],
  ])("takes %s for a slip of the hand", (given, meant) => {
    expect(configFromEnvironment({ [given]: "x" })).toEqual({
      ok: false,
      problems: [`${given} is no setting: did you mean ${meant}?`],
    });
  });

  it("leaves alone what belongs to others", () => {
    const foreign = { ARCTIC_DATAPLANE_STATE_DIR: "/x", API_KEY: "x", ARCTIC_CONFIG: "x", PATH: "x", LOG_DIR: "x" };
    expect(configFromEnvironment(foreign)).toMatchObject({ ok: true });
  });

  it("knows which changes count only from the next start on", () => {
    const read = (environment: Record<string, string>) => {
      const result = configFromEnvironment(environment);
      if (!result.ok) throw new Error(result.problems.join());
      return result.config;
    };
    const next = read({ API_PORT: "9", LOG_LEVEL: "debug", ARCTIC_ADVERTISE: "192.0.2.1:1" });
    expect(settingsForNextStart(read({}), next)).toEqual(["API_PORT"]);
  });
});

describe("the configuration file", () => {
  const directory = mkdtempSync(join(tmpdir(), "arctic-config-"));
  const path = join(directory, "agent.yaml");
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const read = (text: string, environment: Record<string, string> = {}) => {
    writeFileSync(path, text);
    chmodSync(path, 0o644);
    return configFromFile(path, environment);
  };

  it("sets what the environment does not", () => {
    const text = "# the port\napi_port: 9000\nlog_format: text\nadvertise:\n  - 192.0.2.1:8080\n  - node.example:1\n";
    expect(read(text, { LOG_FORMAT: "json" })).toMatchObject({
      ok: true,
      config: { apiPort: 9000, logFormat: "json", advertise: ["192.0.2.1:8080", "node.example:1"] },
    });
    expect(read("")).toEqual(configFromEnvironment({}));
  });

  it("takes every setting by its own key", () => {
    const text = SETTINGS.map((setting) => `${fileKeyOf(setting)}: ${setting.fallback}\n`).join("");
    expect(read(text)).toEqual(configFromEnvironment({}));
  });

  it.each([
    ["api_port: 08080\n", "1: api_port=08080 is not a port, 0 to 65535"],
    ["\nlog_level: loud # why\n", "2: log_level=loud is not debug, info, warn or error"],
    ["plain_http: true\n", "1: plain_http is no setting: see arctic-agent --help"],
    ["api_port:\n  a: 1\n", "1: api_port takes a single value or a list of them"],
    ["api_port: 1\napi_port: 2\n", "2: not valid YAML (duplicate key)"],
    ["api_port: [1\n", "2: not valid YAML (bad indent)"],
    ["- api_port\n", '1: expected lines of the form "key: value"'],
    ["__proto__: 1\n", "1: __proto__ is no setting: see arctic-agent --help"],
  ])("refuses %j by its place", (text, problem) => {
    expect(read(text)).toEqual({ ok: false, problems: [`${path}:${problem}`] });
  });

  it("judges what the environment overrules all the same", () => {
    expect(read("api_port: x\n", { API_PORT: "1" })).toMatchObject({ ok: false });
  });

  it("is refused where others may write it, or where it cannot be read", () => {
    read("");
    chmodSync(path, 0o666);
    expect(configFromFile(path, {})).toEqual({
      ok: false,
      problems: [`${path} can be written by others: run chmod 644 ${path}`],
    });
    expect(configFromFile("/nonexistent/agent.yaml", {})).toMatchObject({
      ok: false,
      problems: [expect.stringContaining("/nonexistent/agent.yaml cannot be read")],
    });
  });
});

describe("supervision", () => {
  it("is what a service manager says of it", () => {
    const environment = { NOTIFY_SOCKET: "@arctic", WATCHDOG_USEC: "3000000" };
    expect(supervisionFromEnvironment(7, {})).toBeUndefined();
    expect(supervisionFromEnvironment(7, environment)).toEqual({ socket: "@arctic", watchdogMs: 3_000 });
    expect(supervisionFromEnvironment(7, { ...environment, WATCHDOG_PID: "8" })).toMatchObject({
      watchdogMs: undefined,
    });
  });
});
