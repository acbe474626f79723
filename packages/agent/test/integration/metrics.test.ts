import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bootstrapped, Client } from "../../src/api/client.ts";
import { bootstrapped, clientOf, startTestAgent, type TestAgent, until } from "../helpers/agents.ts";
import { type Authority, createAuthority } from "../helpers/authority.ts";
import { parseMetrics } from "../helpers/prometheus.ts";

describe("what an agent says of itself", () => {
  let authority: Authority;
  let one: TestAgent;
  let other: TestAgent;
  let made: Bootstrapped;
  let otherMade: Bootstrapped;
  let client: Client;

  beforeAll(async () => {
    authority = createAuthority();
    const license = authority.issue();
    [one, other] = await Promise.all([startTestAgent(authority.rootsPath), startTestAgent(authority.rootsPath)]);
    made = await bootstrapped(one, license, "one");
    otherMade = await bootstrapped(other, license, "other");
    client = clientOf(one, made);
    await client.addPeer({ address: other.address() });
    await client.createService({
      name: "web",
      target_peer_id: otherMade.peer_id,
      transport_type: "tcp",
      requires_interface: false,
      fully_transparent: false,
      bandwidth_limit_mbps: 0,
    });
  });
  afterAll(async () => {
    client?.close();
    await one?.remove();
    await other?.remove();
    authority.remove();
  });

  const read = async () => parseMetrics(await client.getMetrics());

  it("is Prometheus text with a line for all that an operator watches", async () => {
    await until("they are one", async () => (await client.getStatus()).converged);
    const { typeByName } = await read();
    const named = [
      "peer_linked peer_state peer_rtt_seconds peer_seen_age_seconds peer_handshake_age_seconds peer_link_bytes_total",
      "records registry_records services peer_hashes_differ_seconds records_merged_total records_ended_total",
      "refused_total equivocations_total peer_clock_skew_seconds signature_checks_total signatures_made_total",
      "license_days_left license_state event_loop_delay_seconds gossip_bytes_total gossip_frames_total links_total",
      "storage_ok storage_commit_seconds storage_failures_total process_resident_bytes identity_cloned writes_open",
      "service_active service_flows_open service_flows_total service_bytes_total service_packets_total",
      "service_connects_total service_limit_drops_total",
    ];
    for (const name of named.join(" ").split(" ")) expect(typeByName.has(`arctic_${name}`), name).toBe(true);
    for (const [name, type] of typeByName)
      expect(name.endsWith("_total"), `${name} is a ${type}`).toBe(type === "counter");
  });

  it("counts what happens", async () => {
    const peer = { peer_id: otherMade.peer_id };
    const before = await read();
    expect(before.value("arctic_peer_linked", peer)).toBe(1);
    expect(before.value("arctic_peer_state", { ...peer, state: "connected" })).toBe(1);
    expect(before.value("arctic_registry_records", { kind: "service", state: "live" })).toBe(1);
    expect(before.value("arctic_license_state", { state: "valid" })).toBe(1);
    expect(before.value("arctic_license_days_left")).toBeCloseTo(365, 0);
    expect(before.value("arctic_signature_checks_total", { outcome: "valid" })).toBeGreaterThan(2);
    expect(Math.abs(before.value("arctic_peer_clock_skew_seconds", peer) ?? 9)).toBeLessThan(5);

    const { services } = await client.listServices();
    const [service] = services;
    if (service === undefined) throw new Error("there is no service");
    await client.updateService(service.id, { name: "renamed" });
    await client.updatePeer(otherMade.peer_id, { description: "written there" });
    await until("both writes are counted", async () => {
      const after = await read();
      const grown = (from: string) =>
        (after.value("arctic_records_merged_total", { from }) ?? 0) -
        (before.value("arctic_records_merged_total", { from }) ?? 0);
      return grown("here") >= 1 && grown("peers") >= 1;
    });
    const after = await read();
    for (const direction of ["sent", "received"]) {
      const grown = (name: string, labels: Record<string, string>) =>
        (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? Number.POSITIVE_INFINITY);
      expect(grown("arctic_gossip_bytes_total", { direction })).toBeGreaterThan(500);
      expect(grown("arctic_peer_link_bytes_total", { ...peer, direction })).toBeGreaterThan(500);
    }
    expect(after.value("arctic_storage_commit_seconds_count")).toBeGreaterThan(
      before.value("arctic_storage_commit_seconds_count") ?? 0,
    );
  });

  it("is ready with each check's name, and says what is wrong where something is", async () => {
    const ready = await client.getReady();
    expect(ready.status).toBe("ready");
    const statusByName = Object.fromEntries(ready.checks.map(({ name, status }) => [name, status]));
    expect(statusByName).toMatchObject({
      bootstrap: "ok",
      storage: "ok",
      identity: "ok",
      license: "ok",
      peers: "ok",
      writes: "ok",
      clock: "ok",
      records: "ok",
      dataplane: "warning",
    });
    const { dataplane } = Object.fromEntries(ready.checks.map((check) => [check.name, check.reason]));
    expect(dataplane).toMatch(/data ?plane|socket/);
    await other.agent.stop();
    await until("the peer is missed", async () => {
      const peers = (await client.getReady()).checks.find(({ name }) => name === "peers");
      return peers?.status === "warning" && /not reachable from here|no link/.test(peers.reason ?? "");
    });
    expect((await read()).value("arctic_peer_linked", { peer_id: otherMade.peer_id })).toBe(0);
  });
});
