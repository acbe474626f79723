/**
 * Everything that a peer refuses, in one table. A refusal never changes anything.
 * `fault` says who is to blame: the `sender` of the frame (charged against its link), `nobody` (a race, or news
 * that is not news), or `us` (the local caller asked for something that cannot be done).
 */
export const REJECTIONS = {
  frame_malformed: { fault: "sender", text: "the frame is not a well-formed message" },
  frame_too_large: { fault: "sender", text: "the frame is over the size limit" },
  message_unexpected: { fault: "sender", text: "the message does not fit the state of the link" },

  record_malformed: { fault: "sender", text: "the record does not have the shape of its kind" },
  record_too_large: { fault: "sender", text: "the record is over 8 KiB" },
  record_foreign: { fault: "sender", text: "the record belongs to another customer" },
  record_key_mismatch: { fault: "sender", text: "the owner's id does not commit to the record's key" },
  record_signature_invalid: { fault: "sender", text: "the signature is not the owner's" },
  record_not_deletable: { fault: "sender", text: "records of this kind have no tombstone" },
  record_held: { fault: "nobody", text: "the record is already held" },
  record_superseded: { fault: "nobody", text: "a record that beats this one is held" },
  record_too_old: { fault: "nobody", text: "the record is older than the horizon" },
  record_ahead: { fault: "nobody", text: "the record's version is ahead of the clock" },
  record_owner_unknown: { fault: "nobody", text: "the owner is not admitted" },
  record_owner_ended: { fault: "nobody", text: "the owner has left or was revoked" },
  record_quota: { fault: "nobody", text: "the owner holds as many records of this kind as it may" },

  handshake_self: { fault: "sender", text: "the other side is this peer itself" },
  handshake_version: { fault: "sender", text: "the protocol version is not spoken here" },
  handshake_key_mismatch: { fault: "sender", text: "the peer id does not commit to the key" },
  handshake_signature_invalid: { fault: "sender", text: "the handshake signature does not verify" },
  handshake_wrong_peer: { fault: "sender", text: "another peer answered than the one that was dialled" },
  handshake_key_unexpected: { fault: "sender", text: "the peer's key is not the expected one" },
  handshake_expired: { fault: "nobody", text: "the handshake was not finished in time" },
  handshake_refused: { fault: "nobody", text: "the other side refused the handshake" },
  handshake_duplicate: { fault: "nobody", text: "another link to this peer stays" },
  /** One code for an unknown peer, a foreign customer and an ended peer, so that the answer is no oracle. */
  peer_not_accepted: { fault: "sender", text: "this peer does not accept the other side" },
  peer_ended: { fault: "nobody", text: "the peer has left or was revoked" },
  link_silent: { fault: "nobody", text: "the link was silent for too long" },
  link_unwanted: { fault: "nobody", text: "this peer keeps other links" },
  link_replaced: { fault: "nobody", text: "the link was closed by this peer" },
  link_failures: { fault: "sender", text: "too many refused records came over the link" },
  pending_full: { fault: "nobody", text: "too many handshakes are pending" },

  license_malformed: { fault: "sender", text: "the license does not have the shape of a license" },
  license_root_unknown: { fault: "sender", text: "the license is signed by a root that is not configured" },
  license_signature_invalid: { fault: "sender", text: "the license's signature does not verify" },
  license_customer_mismatch: { fault: "sender", text: "the license is for another customer" },
  license_not_successor: { fault: "nobody", text: "the license does not succeed the one that is held" },
  license_expired: { fault: "us", text: "the license allows no writes any more" },
  service_limit_exceeded: { fault: "us", text: "the license's max_services is reached" },
  node_limit_exceeded: { fault: "us", text: "the license's max_nodes is reached" },

  voucher_invalid: { fault: "sender", text: "the voucher is malformed, expired or wrongly signed" },

  write_refused: { fault: "us", text: "the write cannot be made" },
  /** Right after a start; `ClusterView.writesFrom` says when it is over. */
  not_merged_yet: { fault: "us", text: "this peer has just started and hears first what others hold of its records" },
  identity_cloned: { fault: "us", text: "another running peer uses this identity; this one has stopped writing" },
  peer_left: { fault: "us", text: "this peer has left its cluster, or was revoked, for good" },
  peer_unreachable: { fault: "us", text: "there is no link to the peer" },
} as const satisfies Record<string, { fault: "sender" | "nobody" | "us"; text: string }>;

/** Names a refusal; the table above says what each means and who is at fault. */
export type RejectionCode = keyof typeof REJECTIONS;

/** A refusal, as a value: it changed nothing. */
export interface Rejection {
  readonly code: RejectionCode;
  readonly fault: "sender" | "nobody" | "us";
  /** What happened, for a person; never holds a secret or the refused bytes. */
  readonly message: string;
  readonly changed: false;
}

export function rejectionOf(code: RejectionCode, detail?: string): Rejection {
  const { fault, text } = REJECTIONS[code];
  return { code, fault, message: detail === undefined ? text : `${text}: ${detail}`, changed: false };
}
