import { base64urlFromBytes } from "../encoding/base64url.ts";
import * as LIMITS from "../limits.ts";
import { type Rejection, rejectionOf } from "../rejection.ts";
import { accept, type Result, refuse } from "../result.ts";
import type { Millis } from "../time.ts";
import type { Greeting } from "../trust/handshake.ts";
import type { Input } from "./input.ts";
import { checkLicensed } from "./licensing.ts";
import type { LinkOrigin, Welcome } from "./link.ts";
import type { NodeState } from "./state.ts";
import { isVouchedFor } from "./vouching.ts";

/**
 * Whether the other side of a link is let in, and as what. Asked when it greets and again when it has proven itself,
 * since the registry may have changed in between. A stranger needs an operator's add, a fresh peer's open hour, an
 * invitation or a member's voucher; a copy of the license opens nothing.
 */
export function welcomeFor(state: NodeState, theirs: Greeting, origin: LinkOrigin, now: Millis): Result<Welcome> {
  if (theirs.customer_id !== state.customerId) return refuse("peer_not_accepted", "it belongs to another customer");
  const standing = state.standingOf(theirs.peer_id);
  if (standing === "left" || standing === "revoked")
    return refuse("peer_not_accepted", `it ${standing === "left" ? "has left" : "was revoked"}`);
  if (origin.direction === "out") return welcomeForDialled(state, theirs, origin, standing === "member");
  if (standing === "member") return accept("member");
  if (isInvited(state, theirs, origin.remoteHost, now) || isFreshFor(state, theirs, now)) return firstContact(state);
  if (origin.voucher !== undefined && isVouchedFor(state, theirs, origin.voucher, now)) return accept("voucher");
  return refuse(
    "peer_not_accepted",
    "it is a stranger, and this peer accepts first contacts only when fresh, invited or vouched for",
  );
}

/** What an operator's add meets before it dials. */
export function roomForOneMore(state: NodeState): Rejection | undefined {
  const count = state.members().length;
  if (count < state.license.max_nodes) return undefined;
  return refuse("node_limit_exceeded", `${count} of ${state.license.max_nodes}`).rejection;
}

/** An operator's add: the other side's own dial is let in, too, for a while. */
export function invite(state: NodeState, input: Extract<Input, { type: "join" }>, now: Millis): Rejection | undefined {
  const licensed = checkLicensed(state, "admission");
  if (!licensed.ok) return licensed.rejection;
  const full = roomForOneMore(state);
  if (full !== undefined) return full;
  if (!state.isTakingPart()) return rejectionOf("peer_left");
  const key = input.expectKey === undefined ? undefined : base64urlFromBytes(input.expectKey);
  const invitation = { address: input.address, hosts: input.hosts, key, until: now + LIMITS.invitationMs };
  state.invitations = [...state.invitations.filter(({ until }) => until > now), invitation].slice(-64);
  return undefined;
}

/** Until when a fresh peer's door is open; shut for good once it has been in a cluster of two. */
export function freshUntil(state: NodeState, now: Millis): Millis | undefined {
  const isAlone = state.registry.countOf("admission", state.self, false) === 0;
  return isAlone && state.fresh !== undefined && now < state.fresh.until ? state.fresh.until : undefined;
}

/** An invitation is used up by the first contact that it let in. */
export function useUpInvitation(state: NodeState, theirs: Greeting, remoteHost: string, now: Millis): void {
  const used = state.invitations.find((invitation) => doesMatch(invitation, theirs, remoteHost));
  state.invitations = state.invitations.filter((invitation) => invitation !== used && invitation.until > now);
}

function welcomeForDialled(
  state: NodeState,
  theirs: Greeting,
  origin: LinkOrigin & { direction: "out" },
  isMember: boolean,
): Result<Welcome> {
  const { cause } = origin.dial;
  switch (cause.type) {
    case "member":
      if (theirs.peer_id !== cause.peer) return refuse("handshake_wrong_peer", theirs.peer_id);
      return isMember ? accept("member") : refuse("peer_not_accepted", "it is no longer a member");
    case "join":
      if (cause.expectKey !== undefined && base64urlFromBytes(cause.expectKey) !== theirs.public_key)
        return refuse("handshake_key_unexpected");
      return isMember ? accept("member") : firstContact(state);
  }
}

function firstContact(state: NodeState): Result<Welcome> {
  const full = roomForOneMore(state);
  return full === undefined ? accept("first_contact") : { ok: false, rejection: full };
}

function isInvited(state: NodeState, theirs: Greeting, remoteHost: string, now: Millis): boolean {
  return state.invitations.some((invitation) => invitation.until > now && doesMatch(invitation, theirs, remoteHost));
}

function doesMatch(invitation: NodeState["invitations"][number], theirs: Greeting, remoteHost: string): boolean {
  return invitation.key === undefined ? invitation.hosts.includes(remoteHost) : invitation.key === theirs.public_key;
}

function isFreshFor(state: NodeState, theirs: Greeting, now: Millis): boolean {
  if (freshUntil(state, now) === undefined) return false;
  return state.fresh?.acceptKey === undefined || state.fresh.acceptKey === theirs.public_key;
}
