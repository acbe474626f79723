import { isWellFormed, utf8FromText } from "../encoding/utf8.ts";
import { encodeMessage, type MessageOf } from "../gossip/message.ts";
import type { PeerId } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import { type Rejection, rejectionOf } from "../rejection.ts";
import type { CallId } from "./input.ts";
import type { LiveLink } from "./link.ts";
import type { NodeState } from "./state.ts";

interface Waiting {
  readonly call: CallId;
  readonly body: string;
}

/** Relayed operator calls between members, over their link. Core carries them; what they mean is the host's. */
export class Calls {
  readonly #state: NodeState;

  /** Calls to members without a link, until the dial that was made for them ends. */
  readonly #waitingByPeer = new Map<PeerId, Waiting[]>();

  constructor(state: NodeState) {
    this.#state = state;
  }

  /** Sends a call to a member. Answers `dial` where there is no link: then it waits for one. */
  call(peer: PeerId, call: CallId, body: string): Rejection | "sent" | "dial" {
    const refused = this.#state.isMember(peer)
      ? objectionTo({ type: "call", call, body })
      : rejectionOf("peer_unreachable", `${peer} is no member`);
    if (refused !== undefined) return this.#fail(peer, call, refused);
    const link = this.#linkTo(peer);
    if (link !== undefined) {
      this.#send(link, call, body);
      return "sent";
    }
    const waiting = this.#waitingByPeer.get(peer) ?? [];
    if (waiting.length >= LIMITS.waitingCalls)
      return this.#fail(peer, call, rejectionOf("peer_unreachable", `${peer}: too many calls wait for a link`));
    this.#waitingByPeer.set(peer, [...waiting, { call, body }]);
    return "dial";
  }

  /** A link to a peer is live: what waited for it goes. */
  linked(peer: PeerId): void {
    const link = this.#linkTo(peer);
    if (link === undefined) return;
    for (const { call, body } of this.#waitingByPeer.get(peer) ?? []) this.#send(link, call, body);
    this.#waitingByPeer.delete(peer);
  }

  /** A dial of a peer failed: what waited for it has failed too. */
  unreachable(peer: PeerId): void {
    for (const { call } of this.#waitingByPeer.get(peer) ?? [])
      this.#state.outbox.notify({ type: "call_failed", peer, call, wasSent: false });
    this.#waitingByPeer.delete(peer);
  }

  answer(peer: PeerId, call: CallId, body: string): Rejection | undefined {
    const link = this.#linkTo(peer);
    if (link === undefined) return rejectionOf("peer_unreachable", peer);
    const refused = objectionTo({ type: "answer", call, body });
    if (refused === undefined) this.#state.outbox.send(link.id, { type: "answer", call, body });
    return refused;
  }

  takeCall(live: LiveLink, call: CallId, body: string): void {
    this.#state.outbox.notify({ type: "called", peer: live.peer, call, body });
  }

  takeAnswer(live: LiveLink, call: CallId, body: string): void {
    if (live.pendingCalls.delete(call)) this.#state.outbox.notify({ type: "answered", peer: live.peer, call, body });
  }

  linkLost(live: LiveLink): void {
    for (const call of live.pendingCalls)
      this.#state.outbox.notify({ type: "call_failed", peer: live.peer, call, wasSent: true });
    live.pendingCalls.clear();
  }

  #send(link: { readonly id: string; readonly live: LiveLink }, call: CallId, body: string): void {
    link.live.pendingCalls.add(call);
    this.#state.outbox.send(link.id, { type: "call", call, body });
  }

  #fail(peer: PeerId, call: CallId, rejection: Rejection): Rejection {
    this.#state.outbox.notify({ type: "call_failed", peer, call, wasSent: false });
    return rejection;
  }

  #linkTo(peer: PeerId) {
    const id = this.#state.linkByPeer.get(peer);
    const live = id === undefined ? undefined : this.#state.live(id);
    return id === undefined || live === undefined || !this.#state.isMember(peer) ? undefined : { id, live };
  }
}

/** What the other side would refuse, and close the link for, is not sent. */
function objectionTo(message: MessageOf<"call"> | MessageOf<"answer">): Rejection | undefined {
  if (!isWellFormed(message.body)) return rejectionOf("write_refused", "the body holds a lone surrogate");
  const { length } = utf8FromText(encodeMessage(message));
  return length > LIMITS.frameBytes ? rejectionOf("frame_too_large", `${length} bytes`) : undefined;
}
