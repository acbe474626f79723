import * as LIMITS from "../../../packages/core/src/limits.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../packages/core/src/time.ts";

/** The table of limits in docs/protocol.md, as the numbers in core make it; `unused` are limits that it does not name. */
export function limitRows(): { rows: readonly (readonly [what: string, limit: string])[]; unused: readonly string[] } {
  const used = new Set<string | symbol>();
  const limits = new Proxy(LIMITS, {
    get: (target, name, receiver) => {
      used.add(name);
      return Reflect.get(target, name, receiver);
    },
  });
  const rows = rowsOf(limits);
  return { rows, unused: Object.keys(LIMITS).filter((name) => !used.has(name)) };
}

function rowsOf(limits: typeof LIMITS): readonly (readonly [what: string, limit: string])[] {
  const { renewAfterDays, dialBackoffMs, dialTries, unreachableRetryMs } = limits;
  const waits = Array.from({ length: dialTries - 1 }, (_, index) => time(dialBackoffMs * 2 ** index)).join(", ");
  return [
    ["signed bytes of a record", kib(limits.recordBytes)],
    ["a frame", kib(limits.frameBytes)],
    ["a page of records", kib(limits.pageBytes)],
    ["records that a link was sent and has not heard", kib(limits.windowChars)],
    ["records at once that do not wait", `${limits.unpacedRecords}`],
    ["nesting, read", count(limits.parseDepth)],
    ["nesting, signed", count(limits.signedDepth)],
    ["a version ahead of the clock", time(limits.versionAheadMs)],
    ["the horizon", time(limits.horizonMs)],
    ["renewal", `${renewAfterDays.from} to ${renewAfterDays.to} days of age`],
    ["services of an owner", count(limits.servicesPerPeer)],
    ["routes of a service", count(limits.routesPerService)],
    ["admissions of an owner", count(limits.admissionsPerOwner)],
    ["revocations, credentials, rotations of an owner", `${count(limits.lastingPerOwner)} each`],
    ["records of one unknown kind of an owner", count(limits.unknownKindPerOwner)],
    ["tombstones", `${limits.tombstonesPerLive} times as many as live records`],
    ["sketches that a peer shows", `every ${time(limits.sketchEveryMs)}`],
    ["owners not known yet whose records are kept", `${limits.earlyOwners}, ${limits.earlyPerOwner} of each`],
    ["evidence of equivocation", `${limits.evidenceKept} keys`],
    ["hearing others before the first write", time(limits.takeBackMs)],
    ["a repair", time(limits.repairMs)],
    ["a handshake, a challenge", time(limits.challengeMs)],
    ["unfinished handshakes", count(limits.pendingHandshakes)],
    ["a replaced link", time(limits.replacedLinkMs)],
    ["faults of a sender on one link", `${limits.refusalsPerMinute} a minute`],
    ["a fresh peer's open door", time(limits.freshWindowMs)],
    ["an invitation", time(limits.invitationMs)],
    ["a voucher", time(limits.voucherTtlMs)],
    ["a voucher is refreshed", `within ${time(limits.voucherRefreshMs)} of its end`],
    ["clock tolerance of vouchers and cluster ids", time(limits.clockToleranceMs)],
    ["a replaced secret", time(limits.secretGraceMs)],
    ["full mesh", `${limits.fullMeshPeers} members`],
    ["whole pushes of one change", `${limits.pushLinks} links`],
    ["entries of an offer", limits.offerEntries.toLocaleString("en-US")],
    ["an offer waits", `up to ${time(limits.offerAfterMs)}`],
    ["news are passed on", `every ${time(limits.newsEveryMs)}`],
    [`${limits.newsMany} and more of them`, `every ${time(limits.newsOfManyEveryMs)}`],
    ["comparing waits until fewer came at once", `for ${time(limits.calmAfterMs)}`],
    ["distrustful heartbeats", `every ${limits.suspectHeartbeats}th`],
    ["a watched peer is pinged", `every ${time(limits.pingEveryMs)}`],
    ["another is pinged", `about every ${time(limits.pingSeldomMs)}`],
    ["a ping is said", `${limits.pingTries} times, every ${time(limits.pingAgainMs)}`],
    ["the slowest answer that counts", time(limits.slowestMs)],
    ["a link that is not kept", time(limits.unwantedLinkMs)],
    ["denials that make a peer gone", count(limits.deniersToBeDown)],
    ["entries of a connectivity record", count(limits.connectivityPeers)],
    ["links that hear a connectivity record", count(limits.connectivityLinks)],
    ["connectivity records of an owner", `every ${time(limits.connectivityEveryMs)}`],
    [
      "connectivity records that a peer passes on",
      `${limits.rumoursAtOnce}, then one every ${time(limits.rumourEveryMs)}`,
    ],
    ["the same, of those that wait", count(limits.rumoursWaiting)],
    ["links that hear one while many wait", count(limits.connectivityLinks / 3)],
    ["a peer's loss is said", `every ${time(limits.reachabilitySaidEveryMs)}`],
    ["a change is said", `within ${time(limits.reachabilitySpreadMs)}`],
    ["one that is gone is tried", `first after about ${time(limits.probeFirstMs)}`],
    ["calls that wait for a link to a peer", count(limits.waitingCalls)],
    ["members are waited for", `${time(limits.settleMs)}, at most ${time(limits.settleAtMostMs)}`],
    ["dials of neighbours", `${limits.dialsAtOnce} a second`],
    ["of those behind the first six", `one every ${time(limits.farDialMs)}`],
    ["tries of a dial", `${dialTries}, after waits of ${waits}`],
    ["an unreachable peer is tried again", `after about ${time(unreachableRetryMs)}`],
  ];
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function kib(bytes: number): string {
  return bytes % 1024 ** 2 === 0 ? `${bytes / 1024 ** 2} MiB` : `${bytes / 1024} KiB`;
}

function time(ms: number): string {
  const units = [
    [DAY_MS, "d"],
    [HOUR_MS, "h"],
    [MINUTE_MS, "min"],
    [SECOND_MS, "s"],
  ] as const;
  const [unitMs, unit] = units.find(([length]) => ms % length === 0) ?? [1, "ms"];
  return unit === "d" && ms === DAY_MS ? "24 h" : `${ms / unitMs} ${unit}`;
}
