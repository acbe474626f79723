import type { LiveRecord } from "@arctic/core";
import type { LocalPeer } from "../../peer/local-peer.ts";
import type { Service } from "../schema.ts";
import { bodyOf } from "./service-records.ts";

/** The half that this peer carries; each end knows its own. */
export function liveState(
  peer: LocalPeer,
  record: LiveRecord,
): Pick<Service, "local_role" | "state" | "reason" | "traffic"> {
  const self = peer.identity.peerId;
  const target = bodyOf(record).target_peer_id;
  const role = record.owner === self ? "entry" : target === self ? "exit" : "none";
  if (role === "none") {
    return {
      local_role: role,
      state: "unknown",
      reason: `this peer carries no half of it: ask ${record.owner} or ${target}`,
    };
  }
  const { dataplane } = peer;
  if (dataplane.type === "absent") {
    return {
      local_role: role,
      state: "inactive",
      reason: `arctic-dataplane is not reached on this host: ${dataplane.reason}`,
    };
  }
  const seen = peer.observationOf(record.id);
  if (seen === undefined) {
    const why = dataplane.refusal === undefined ? "has not taken it up yet" : `refused the plan: ${dataplane.refusal}`;
    return { local_role: role, state: "inactive", reason: `the data plane ${why}` };
  }
  return {
    local_role: role,
    state: seen.state,
    ...(seen.reason === undefined ? {} : { reason: seen.reason }),
    traffic: { pegasus: seen.pegasus, tempest: seen.tempest },
  };
}
