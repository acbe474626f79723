import { isWellFormed, utf8FromText } from "../encoding/utf8.ts";
import { encodeMessage, type MessageOf } from "../gossip/message.ts";
import type { PeerId } from "../identity/id.ts";
import { LIMITS } from "../limits.ts";
import { type Rejection, rejectionOf } from "../rejection.ts";
import type { CallId } from "./input.ts";
import type { LiveLink } from "./link.ts";
import type { NodeState } from "./state.ts";

/** Relayed operator calls between members, over their link. Core carries them; what they mean is the host's. */
export class Calls {
  readonly #state: NodeState;

  constructor(state: NodeState) {
    this.#state = state;
  }

  call(peer: PeerId, call: CallId, body: string): Rejection | undefined {
    const link = this.#linkTo(peer);
    const refused =
      link === undefined ? rejectionOf("peer_unreachable", peer) : objectionTo({ type: "call", call, body });
    if (link === undefined || refused !== undefined) {
      this.#state.outbox.notify({ type: "call_failed", peer, call, wasSent: false });
      return refused;
    }
    link.live.pendingCalls.add(call);
    this.#state.outbox.send(link.id, { type: "call", call, body });
    return undefined;
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
