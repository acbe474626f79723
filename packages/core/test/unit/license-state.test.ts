import { describe, expect, it } from "vitest";
import { advanceLicense, type LicenseProgress, type LicenseState } from "../../src/license/license-state.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, rfc3339FromMs } from "../../src/time.ts";
import { issueVoucher } from "../../src/trust/voucher.ts";
import {
  bytesOf,
  crypto,
  identityOf,
  licenseOf,
  NOW,
  peerBody,
  recordOf,
  serviceBody,
  serviceIdOf,
} from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";
import { TestPeer } from "../support/test-peer.ts";

const at = (state: LicenseState, behindMs = 0): LicenseProgress => ({ state, behindMs });
const ticks = (from: LicenseProgress, byDates: LicenseState, count: number, skewsMs: readonly number[] = []) => {
  let progress = from;
  for (let tick = 0; tick < count; tick += 1)
    progress = advanceLicense(progress, { byDates, elapsedMs: 10 * MINUTE_MS, skewsMs });
  return progress;
};
const expired = (daysAgo: number) => licenseOf({ expires_at: rfc3339FromMs(NOW - daysAgo * DAY_MS) });

describe("the license's state", () => {
  it("goes on one step after an hour of running, whatever the dates say", () => {
    expect(ticks(at("valid"), "suspended", 5).state).toBe("valid");
    expect(ticks(at("valid"), "suspended", 6)).toEqual(at("warning"));
    expect(ticks(at("valid"), "suspended", 23).state).toBe("read_only");
    expect(ticks(at("valid"), "suspended", 24).state).toBe("suspended");
    expect(ticks(at("suspended"), "suspended", 10)).toEqual(at("suspended"));
  });
  it("does not go on where the clock is more than ten minutes from the median of the linked peers", () => {
    const minutes = (...values: number[]) => values.map((value) => value * MINUTE_MS);
    expect(ticks(at("valid"), "grace", 60, minutes(-86_400, -86_400, 0)).state).toBe("valid");
    expect(ticks(at("valid"), "grace", 60, minutes(-86_400, 1, 0)).state).toBe("grace");
    expect(ticks(at("valid"), "grace", 6, minutes(9)).state).toBe("warning");
  });
  it("counts no more than a look's interval for a clock that jumped", () => {
    expect(advanceLicense(at("valid"), { byDates: "grace", elapsedMs: 60 * DAY_MS, skewsMs: [] }).state).toBe("valid");
    expect(advanceLicense(at("valid"), { byDates: "grace", elapsedMs: -DAY_MS, skewsMs: [] })).toEqual(at("valid"));
  });
  it("goes back at once where the dates name an earlier state", () => {
    expect(ticks(at("suspended", 5), "valid", 1)).toEqual(at("valid"));
  });
});

describe("a peer whose license ran out", () => {
  const service = {
    type: "write" as const,
    kind: "service",
    id: serviceIdOf("s"),
    body: serviceBody(identityOf("bob").peerId),
  };
  const wakeFor = (peer: TestPeer, from: number, ms: number) => {
    for (let now = from; now <= from + ms; now += 10 * MINUTE_MS) peer.handle({ type: "wake" }, now);
  };

  it("takes one bad sample of its clock for nothing", () => {
    const alice = new TestPeer("alice", { license: licenseOf({ expires_at: rfc3339FromMs(NOW + 60 * DAY_MS) }) });
    alice.handle({ type: "wake" }, NOW + 60 * DAY_MS);
    alice.handle({ type: "wake" }, NOW + 20 * MINUTE_MS);
    expect(alice.node.cluster.licenseState).toBe("valid");
  });
  it("goes on step by step, says so, and remembers it over a restart", () => {
    const alice = new TestPeer("alice", {
      license: licenseOf({ expires_at: rfc3339FromMs(NOW + 30 * DAY_MS + HOUR_MS) }),
    });
    expect(alice.node.cluster.licenseState).toBe("valid");
    wakeFor(alice, NOW + 2 * HOUR_MS, 2 * HOUR_MS);
    expect(alice.node.cluster.licenseState).toBe("warning");
    expect(alice.notices).toContainEqual({ type: "license_state", state: "warning", before: "valid" });
    alice.restart(NOW + 50 * DAY_MS);
    expect(alice.node.cluster.licenseState).toBe("warning");
    wakeFor(alice, NOW + 50 * DAY_MS, HOUR_MS + 10 * MINUTE_MS);
    expect(alice.node.cluster.licenseState).toBe("grace");
  });
  it("refuses writes and adds when it is read-only, and takes revocations and its leaving", () => {
    const alice = new TestPeer("alice", { license: expired(20) });
    expect(alice.node.cluster.licenseState).toBe("read_only");
    expect(alice.handle(service, NOW).rejection).toMatchObject({ code: "license_expired", fault: "us" });
    expect(alice.handle({ type: "join", address: "b:1", hosts: [] }, NOW).rejection?.code).toBe("license_expired");
    const revocation = { reason: "gone", revoked_at: rfc3339FromMs(NOW) };
    const id = identityOf("carol").peerId;
    expect(alice.handle({ type: "write", kind: "revocation", id, body: revocation }, NOW).record).toBeDefined();
  });
  it("is back at once under a renewed license", () => {
    const alice = new TestPeer("alice", { license: expired(60) });
    expect(alice.node.cluster.licenseState).toBe("suspended");
    const renewed = licenseOf({ issued_at: rfc3339FromMs(NOW), expires_at: rfc3339FromMs(NOW + 300 * DAY_MS) });
    expect(alice.handle({ type: "license", document: renewed }, NOW).rejection).toBeUndefined();
    expect(alice.node.cluster.licenseState).toBe("valid");
    expect(alice.handle(service, NOW).record).toBeDefined();
  });
  it("refuses one service more than the license allows", () => {
    const alice = new TestPeer("alice", { license: licenseOf({ max_services: 1 }) });
    expect(alice.handle(service, NOW).record).toBeDefined();
    expect(alice.handle(service, NOW).record).toBeDefined();
    expect(alice.handle({ ...service, id: serviceIdOf("t") }, NOW).rejection?.code).toBe("service_limit_exceeded");
  });
});

describe("the pull of a license", () => {
  const renewed = licenseOf({ issued_at: rfc3339FromMs(NOW), max_nodes: 77 });
  const beat = (seq: number, hash: string) => ({
    type: "heartbeat" as const,
    boot: "b",
    seq,
    time: rfc3339FromMs(NOW),
    license_id: renewed.license_id,
    license_hash: hash,
    license_issued_at: renewed.issued_at,
    records: [],
  });

  it("asks for a hash once, and one that does not verify replaces nothing", () => {
    const { alice, bob, link } = memberLink();
    const hear = (seq: number, license_hash: string) =>
      link.say({
        type: "heartbeat",
        boot: "b",
        seq,
        time: "2026-01-15T12:00:00Z",
        license_id: licenseOf().license_id,
        license_hash,
        license_issued_at: "2026-01-15T00:00:00Z",
        hashes: bob.node.registry.hashes,
        records: [],
      });
    const hash = Buffer.from(bytesOf("a later license")).toString("base64url");
    link.heard.length = 0;
    for (const seq of [1, 2, 3]) hear(seq, hash);
    expect(link.heard.filter(({ type }) => type === "license_wanted")).toHaveLength(1);
    const before = bob.node.cluster.license;
    link.say({
      type: "license",
      document: { ...licenseOf({ issued_at: "2026-01-15T00:00:00.000Z" }), max_nodes: 999 } as never,
    });
    link.say({ type: "license", document: licenseOf({ issued_at: "2020-01-15T00:00:00.000Z" }) as never });
    link.say({ type: "license", document: [] as never });
    expect(bob.node.cluster.license).toEqual(before);
    expect(bob.node.peers.isMember(alice.peerId)).toBe(true);
  });

  it("asks again where no answer came, after two minutes, and takes the successor", () => {
    const { bob, link } = memberLink();
    const { hashes } = bob.node.registry;
    const asked = () => link.heard.filter(({ type }) => type === "license_wanted").length;
    link.say({ ...beat(1, "A".repeat(43)), hashes });
    link.say({ ...beat(2, "A".repeat(43)), hashes });
    expect(asked()).toBe(1);
    link.now += 3 * MINUTE_MS;
    link.say({ ...beat(3, "A".repeat(43)), hashes });
    expect(asked()).toBe(2);
    link.say({ type: "license", document: renewed as never });
    expect(bob.node.cluster.license.max_nodes).toBe(77);
    expect(bob.node.cluster.otherLicenseHashes).toEqual(["A".repeat(43)]);
  });

  it("is not kept from those who would answer by one who names it and never does", () => {
    const carol = identityOf("carol");
    const { bob, link } = memberLink({ others: [carol] });
    const { hashes } = bob.node.registry;
    const hash = "A".repeat(43);
    for (let seq = 1; seq <= 20; seq += 1) {
      link.now = NOW + seq * 2 * MINUTE_MS;
      link.say({ ...beat(seq, hash), hashes });
    }
    expect(link.heard.filter(({ type }) => type === "license_wanted")).toHaveLength(8);
    const other = new RawLink(bob, { now: link.now + MINUTE_MS });
    expect(other.handshake(carol)).toBe(true);
    other.say({ ...beat(1, hash), hashes });
    expect(other.last("license_wanted")).toEqual({ type: "license_wanted", hash });
  });

  it("asks nobody who is no member, since nothing that he answered would be heard", () => {
    const [carol, dave] = [identityOf("carol"), identityOf("dave")];
    const { bob } = memberLink({
      others: [carol],
      records: [recordOf(carol, "peer", carol.peerId, { body: peerBody(carol.peerId, "carol") })],
    });
    const voucher = issueVoucher(crypto, carol, dave, licenseOf().customer_id, NOW);
    const guest = new RawLink(bob, { voucher });
    expect(guest.handshake(dave)).toBe(true);
    guest.say({ ...beat(1, "A".repeat(43)), hashes: bob.node.registry.hashes });
    expect(guest.heard.map(({ type }) => type)).toEqual(["welcome"]);
  });
});
