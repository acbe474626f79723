import type { Notice } from "@arctic/core";
import type { Log } from "../log.ts";

/** One line for what core tells, where a person may want to know of it. */
export function logNotice(log: Log, notice: Notice): void {
  switch (notice.type) {
    case "peer_linked": {
      const fields = { peer_id: notice.peer, direction: notice.direction };
      // The one moment at which a stranger becomes a member: the host's owner should see it.
      if (notice.isFirstContact) log.warn("gossip.first_contact", fields);
      log.info("gossip.peer_linked", fields);
      return;
    }
    case "peer_unlinked":
      log.info("gossip.peer_unlinked", { peer_id: notice.peer, reason: notice.reason });
      return;
    case "peer_unreachable":
      log.warn("gossip.peer_unreachable", { peer_id: notice.peer, address: notice.address, reason: notice.reason });
      return;
    case "peer_reachability":
      log.info("gossip.peer_reachability", {
        peer_id: notice.peer,
        reachable: notice.isReachable,
        reported_by: notice.reportedBy,
      });
      return;
    case "peer_ended":
      log.warn("cluster.peer_ended", { peer_id: notice.peer, how: notice.how });
      return;
    case "joined":
      log.info("cluster.joined", { peer_id: notice.peer, address: notice.address });
      return;
    case "join_failed":
      log.warn("cluster.join_failed", {
        address: notice.address,
        code: notice.rejection.code,
        reason: notice.rejection.message,
      });
      return;
    case "applied":
      log.debug("registry.applied", {
        records: notice.records.length,
        dropped: notice.dropped.length,
        peer_id: notice.from,
      });
      return;
    case "refused":
      log.warn("gossip.refused", {
        peer_id: notice.peer,
        code: notice.rejection.code,
        reason: notice.rejection.message,
        count: notice.count,
      });
      return;
    case "equivocation":
      log.error("registry.equivocation", { key: notice.key });
      return;
    case "cluster_changed":
      log.warn("cluster.id_changed", { cluster_id: notice.clusterId, aliases: notice.aliases });
      return;
    case "license_changed":
      log.info("license.changed", { license_id: notice.license.license_id, expires_at: notice.license.expires_at });
      return;
    case "license_state":
      log.warn("license.state_changed", { state: notice.state, before: notice.before });
      return;
    case "cloned":
      log.error("identity.cloned", { reason: "another running peer uses this identity; this one has stopped writing" });
      return;
    case "called":
      log.debug("relay.called", { peer_id: notice.peer });
      return;
    case "answered":
    case "call_failed":
      log.debug(`relay.${notice.type}`, { peer_id: notice.peer });
      return;
  }
}
