import { type Millis, type RecordKey, rfc3339FromMs } from "@arctic/core";
import type { LocalPeer } from "../../peer/local-peer.ts";
import { type Handlers, reply } from "../context.ts";
import type { Check, Readiness } from "../schema.ts";

export const healthHandlers: Pick<Handlers, "getLive" | "getReady"> = {
  getLive: ({ context }) => reply({ status: "ok" as const, timestamp: rfc3339FromMs(context.clock.now()) }),
  getReady: ({ context }) => {
    const peer = context.peer();
    const checks =
      peer === undefined ? [NOT_BOOTSTRAPPED] : checksOf(peer, context.clock.now(), context.gauges.invalidRecords());
    const isReady = checks.every((check) => check.status !== "failing");
    const body: Readiness = {
      status: isReady ? "ready" : "not_ready",
      timestamp: rfc3339FromMs(context.clock.now()),
      checks,
    };
    return isReady ? reply(body) : { type: "status", status: 503, body };
  },
};

const NOT_BOOTSTRAPPED: Check = {
  name: "bootstrap",
  status: "failing",
  reason: "this host is not bootstrapped yet: run arctic bootstrap",
};

function checksOf(peer: LocalPeer, now: Millis, invalid: readonly RecordKey[]): Check[] {
  return [
    { name: "bootstrap", status: "ok" },
    storage(peer, invalid),
    identity(peer),
    license(peer),
    members(peer),
    writes(peer, now),
    clock(peer),
    records(peer),
    dataplane(peer),
  ];
}

function storage({ storageError }: LocalPeer, invalid: readonly RecordKey[]): Check {
  const name = "storage";
  if (storageError !== undefined) {
    return {
      name,
      status: "failing",
      reason: `writes are refused: ${storageError.message}; they are open again by themselves once the disk takes them`,
    };
  }
  if (invalid.length === 0) return { name, status: "ok" };
  return {
    name,
    status: "warning",
    reason: `${invalid.length} stored records do not prove themselves, such as ${invalid[0]}: somebody or the disk has changed the database; restore it from a backup`,
  };
}

function identity({ node }: LocalPeer): Check {
  const name = "identity";
  if (node.cluster.isCloned) {
    return {
      name,
      status: "failing",
      reason: "another running peer uses this identity: stop one and bootstrap it anew",
    };
  }
  if (node.cluster.hasLeft) return { name, status: "failing", reason: "this peer has left its cluster for good" };
  return { name, status: "ok" };
}

function license({ licenseState, node }: LocalPeer): Check {
  const name = "license";
  const { expires_at } = node.cluster.license;
  switch (licenseState) {
    case "valid":
      return { name, status: "ok" };
    case "warning":
      return { name, status: "warning", reason: `the license expires at ${expires_at}: renew it` };
    case "grace":
      return {
        name,
        status: "warning",
        reason: `the license expired at ${expires_at}: renew it before its grace ends`,
      };
    case "read_only":
      return {
        name,
        status: "warning",
        reason: `the license expired at ${expires_at}: nothing can be changed until it is renewed`,
      };
    case "suspended":
      return {
        name,
        status: "failing",
        reason: `the license expired at ${expires_at}: services are stopped until it is renewed`,
      };
  }
}

function members({ node }: LocalPeer): Check {
  const others = node.peers.list().filter((view) => view.standing === "member");
  const { max_nodes } = node.cluster.license;
  if (others.length + 1 > max_nodes) {
    return {
      name: "peers",
      status: "warning",
      reason: `${others.length + 1} members, and the license allows ${max_nodes}`,
    };
  }
  if (others.length > 0 && others.every((view) => view.link === undefined)) {
    return { name: "peers", status: "warning", reason: "there is no link to any other member at the moment" };
  }
  const away = others.filter((view) => view.reachability === "unreachable").map((view) => view.peerId);
  if (away.length === 0) return { name: "peers", status: "ok" };
  return { name: "peers", status: "warning", reason: `not reachable from here: ${away.join(", ")}` };
}

/** Right after a start a peer hears first what others hold of its records. */
function writes({ node }: LocalPeer, now: Millis): Check {
  const { writesFrom } = node.cluster;
  if (now >= writesFrom) return { name: "writes", status: "ok" };
  return {
    name: "writes",
    status: "warning",
    reason: `just started: writes wait for a word of a neighbour, until ${rfc3339FromMs(writesFrom)} at most`,
  };
}

/** Beyond it records of the one are ahead of time for the other. */
const SKEW_LIMIT_MS = 10 * 60_000;
const SKEW_NOTABLE_MS = 60_000;

/** A clock that most neighbours contradict is this host's own fault; one that differs alone is the other's. */
function clock({ node }: LocalPeer): Check {
  const name = "clock";
  const skews = node.peers.list().flatMap(({ peerId, skewMs }) => (skewMs === undefined ? [] : [{ peerId, skewMs }]));
  const off = skews.filter(({ skewMs }) => Math.abs(skewMs) > SKEW_NOTABLE_MS);
  if (off.length === 0) return { name, status: "ok" };
  const told = off.map(({ peerId, skewMs }) => `${peerId} by ${minutes(skewMs)}`).join(", ");
  if (off.length * 2 <= skews.length)
    return { name, status: "warning", reason: `these clocks differ from ours: ${told}: set them on those hosts` };
  const isTooFar = off.some(({ skewMs }) => Math.abs(skewMs) > SKEW_LIMIT_MS);
  const effect = isTooFar ? "; beyond 10 min records are not taken, and the license stays as it is" : "";
  return {
    name,
    status: "warning",
    reason: `most neighbours contradict this host's clock (${told})${effect}: set it, and keep it set by NTP`,
  };
}

function minutes(skewMs: number): string {
  return `${skewMs < 0 ? "-" : "+"}${Math.round(Math.abs(skewMs) / 60_000)} min`;
}

/** What a signed registry shows of faults elsewhere. */
function records({ node }: LocalPeer): Check {
  const name = "records";
  const { equivocations, otherLicenseHashes } = node.cluster;
  const reasons = [
    ...(equivocations.count === 0
      ? []
      : [
          `an owner signed two contents under one version, ${equivocations.count} times: is a host cloned, or was an old disk started beside the new one?`,
        ]),
    ...(otherLicenseHashes.length === 0
      ? []
      : [`${otherLicenseHashes.length} other licenses of this customer are in use among the peers`]),
  ];
  return reasons.length === 0 ? { name, status: "ok" } : { name, status: "warning", reason: reasons.join("; ") };
}

function dataplane({ dataplane }: LocalPeer): Check {
  const name = "dataplane";
  if (dataplane.type === "absent") return { name, status: "warning", reason: dataplane.reason };
  if (dataplane.refusal !== undefined) return { name, status: "warning", reason: dataplane.refusal };
  return { name, status: "ok" };
}
