import type { DataplaneIdentity, NetworkPlan, Observation } from "@arctic/dataplane";
import { expect, test } from "vitest";
import type { Clock } from "../../src/clock.ts";
import { silentLog } from "../../src/log.ts";
import { type DataplaneLink, Reconciler } from "../../src/network/reconciler.ts";

const identityWith = (publicKey: string): DataplaneIdentity => ({
  version: "0.0.0",
  pegasus: { port: 61_000, tls_fingerprint: "ab".repeat(32) },
  tunnel: { public_key: publicKey, port: 51_840 },
  tunnel_backend: "userspace",
  relay_engine: "none",
});
const PLAN: NetworkPlan = {
  format: 1,
  peer_id: `peer_${"0".repeat(26)}`,
  peers: [],
  services: [],
  cluster_endpoints: [],
  agent_ports: [],
};
const OBSERVATION: Observation = { observed_at: "2026-01-01T00:00:00Z", flows_at_most: 1_000, services: [], peers: [] };

test.each(["time passes", "the data plane tells of a change"])(
  "a key that the data plane announces later is told once, as the first was, when %s",
  async (how) => {
    const told: string[] = [];
    let identity = identityWith("A".repeat(43));
    let observe = (): void => {};
    let observed = 0;
    const link: DataplaneLink = {
      identity: async () => identity,
      apply: async () => OBSERVATION,
      observe: async () => {
        observed += 1;
        return OBSERVATION;
      },
      watch: async (listener) => {
        if (how === "the data plane tells of a change") observe = listener;
      },
      onClose: () => {},
      close: () => {},
    };
    const clock: Clock = {
      now: () => 0,
      elapsedMs: () => 0,
      after: () => () => {},
      every: (_, callback) => {
        if (how === "time passes") observe = callback;
        return () => {};
      },
    };
    const reconciler = new Reconciler({
      connect: async () => link,
      plan: () => PLAN,
      clock,
      log: silentLog,
      onIdentity: ({ tunnel }) => told.push(tunnel.public_key.slice(0, 1)),
      onObserved: () => {},
    });
    const look = async (): Promise<void> => {
      observe();
      await new Promise((resolve) => setImmediate(resolve));
    };
    reconciler.start();
    await look();
    await look();
    identity = identityWith("B".repeat(43));
    await look();
    await look();
    expect(observed).toBeGreaterThan(1);
    expect(told).toEqual(["A", "B"]);
    expect(reconciler.status).toMatchObject({ type: "connected", identity });
    reconciler.stop();
  },
);
