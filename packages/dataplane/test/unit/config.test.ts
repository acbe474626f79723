import { expect, test } from "vitest";
import { helpText, readConfig, SETTINGS } from "../../src/config.ts";

test("without flags or environment the defaults of the table hold", () => {
  expect(readConfig([], {})).toMatchObject({
    stateDir: "/var/lib/arctic/dataplane",
    controlSocket: "/run/arctic/dataplane.sock",
    tunnelInterface: "tempest0",
    tunnelPort: 51_840,
    pegasusPort: 61_000,
    capturePort: 61_001,
    workers: 1,
    exitPolicy: { allowHost: [], allow: [], sources: [] },
    agentSilenceLimitMs: 72 * 3_600_000,
    tunnelKeyLifetimeMs: 30 * 86_400_000,
    tunnelKeyOverlapMs: 300_000,
    action: "run",
    removeOnStop: false,
  });
});

test("a flag goes before the environment", () => {
  const env = { ARCTIC_TUNNEL_PORT: "1000", ARCTIC_PEGASUS_PORT: "2000", ARCTIC_REMOVE_ON_STOP: "1" };
  const config = readConfig(["--tunnel-port", "3000"], env);
  expect([config.tunnelPort, config.pegasusPort, config.removeOnStop]).toEqual([3000, 2000, true]);
});

test("the host owner's lists are read", () => {
  const { exitPolicy } = readConfig(
    [
      "--exit-allow-host",
      "10.0.0.5@udp@53, fd00::5",
      "--exit-allow",
      "10.0.0.0/8,fd00::/8",
      "--exit-sources",
      "10.1.0.0/16",
    ],
    {},
  );
  expect(exitPolicy).toEqual({
    allowHost: [{ cidr: "10.0.0.5/32", protocol: "udp", port: 53 }, { cidr: "fd00::5/128" }],
    allow: ["10.0.0.0/8", "fd00::/8"],
    sources: ["10.1.0.0/16"],
  });
});

test.each([
  [["--tunnel-port", "0"], "--tunnel-port: 0 is no whole number from 1 to 65535"],
  [["--tunnel-interface", "a b"], "--tunnel-interface: a b is no name of a link"],
  [["--exit-allow", "10.0.0.1/8"], "--exit-allow: 10.0.0.1/8 is no canonical network"],
  [["--exit-allow-host", "10.0.0.1@tcp; drop"], "--exit-allow-host: tcp; drop is no protocol"],
  [["--log-format", "xml"], "--log-format: xml is none of json, text"],
  [["--surprise"], "--surprise"],
])("%j is refused by name", (argv, message) => {
  expect(() => readConfig(argv, {})).toThrow(message);
});

test("--help prints every setting", () => {
  for (const { flag, env } of SETTINGS) expect(helpText()).toMatch(new RegExp(`--${flag} .*${env}`));
  expect(readConfig(["--help"], {}).action).toBe("help");
  expect(readConfig(["--cleanup"], {}).action).toBe("cleanup");
});
