import { rfc3339FromMs } from "@arctic/core";
import type { LocalPeer } from "../../peer/local-peer.ts";
import { type Handlers, reply } from "../context.ts";
import type { Check, Readiness } from "../schema.ts";

export const healthHandlers: Pick<Handlers, "getLive" | "getReady"> = {
  getLive: ({ context }) => reply({ status: "ok" as const, timestamp: rfc3339FromMs(context.clock.now()) }),
  getReady: ({ context }) => {
    const peer = context.peer();
    const checks = peer === undefined ? [NOT_BOOTSTRAPPED] : checksOf(peer);
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

function checksOf(peer: LocalPeer): Check[] {
  return [
    { name: "bootstrap", status: "ok" },
    storage(peer),
    identity(peer),
    license(peer),
    members(peer),
    dataplane(peer),
  ];
}

function storage({ storageError }: LocalPeer): Check {
  if (storageError === undefined) return { name: "storage", status: "ok" };
  return {
    name: "storage",
    status: "failing",
    reason: `${storageError.message}; the peer is silent until the disk takes writes`,
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
  const away = others.filter((view) => view.reachability === "unreachable").map((view) => view.peerId);
  if (away.length === 0) return { name: "peers", status: "ok" };
  return { name: "peers", status: "warning", reason: `not reachable from here: ${away.join(", ")}` };
}

function dataplane({ dataplane }: LocalPeer): Check {
  const name = "dataplane";
  if (dataplane.type === "absent") return { name, status: "warning", reason: dataplane.reason };
  if (dataplane.refusal !== undefined) return { name, status: "warning", reason: dataplane.refusal };
  return { name, status: "ok" };
}
