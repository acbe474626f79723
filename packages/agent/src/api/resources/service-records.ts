import type { LiveRecord, ServiceBody, ServiceId } from "@arctic/core";
import type { LocalPeer } from "../../peer/local-peer.ts";
import { Problem } from "../problem.ts";

/** Services of members; what strangers write counts for nothing. */
export function liveServices(peer: LocalPeer): LiveRecord[] {
  return peer.node.registry
    .live("service")
    .filter(({ owner }) => owner === peer.identity.peerId || peer.node.peers.isMember(owner));
}

/** Of two owners that use one id the peer's own counts, else the smaller owner, as in the network plan. */
export function serviceRecord(peer: LocalPeer, id: ServiceId): LiveRecord {
  const records = liveServices(peer).filter((record) => record.id === id);
  const record = records.find(({ owner }) => owner === peer.identity.peerId) ?? records[0];
  if (record === undefined) throw new Problem("NOT_FOUND", `no service ${id} is known here`);
  return record;
}

/** Bodies of known kinds were checked when they came into the registry. */
export function bodyOf(record: LiveRecord): ServiceBody {
  return record.body as unknown as ServiceBody;
}
