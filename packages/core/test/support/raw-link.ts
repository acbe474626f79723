import { base64urlFromBytes } from "../../src/encoding/base64url.ts";
import type { Message, MessageOf } from "../../src/gossip/message.ts";
import type { Identity } from "../../src/identity/identity.ts";
import { type License, licenseHash } from "../../src/license/license.ts";
import type { Step } from "../../src/node/cluster-node.ts";
import type { SignedRecord } from "../../src/registry/record.ts";
import type { RejectionCode } from "../../src/rejection.ts";
import type { Millis } from "../../src/time.ts";
import {
  type Greeting,
  PROTOCOL_VERSION,
  type Role,
  signTranscript,
  transcriptHash,
} from "../../src/trust/handshake.ts";
import type { Voucher } from "../../src/trust/voucher.ts";
import { bytesOf, crypto, licenseOf, NOW } from "./fixtures.ts";
import type { TestPeer } from "./test-peer.ts";

let opened = 0;

/** A connection to one node whose other end is the test itself, which may say what no honest peer says. */
export class RawLink {
  readonly id: string;
  readonly peer: TestPeer;
  readonly binding: Uint8Array;
  /** What the node said on this link, in order. */
  readonly heard: Message[] = [];
  closedWith: RejectionCode | undefined;
  now: Millis;

  /** A connection that somebody made to the node. */
  constructor(
    peer: TestPeer,
    options: {
      readonly voucher?: Voucher;
      readonly remoteHost?: string;
      readonly binding?: Uint8Array;
      readonly now?: Millis;
    } = {},
  ) {
    opened += 1;
    this.id = `raw-${opened}`;
    this.peer = peer;
    this.binding = options.binding ?? bytesOf(this.id);
    this.now = options.now ?? NOW;
    const { remoteHost = "somewhere", voucher } = options;
    this.#take(
      peer.handle(
        {
          type: "opened",
          direction: "in",
          link: this.id,
          binding: this.binding,
          remoteHost,
          ...(voucher === undefined ? {} : { voucher }),
        },
        this.now,
      ),
    );
  }

  say(message: Message): Step {
    return this.sayText(JSON.stringify(message));
  }

  sayText(text: string): Step {
    const step = this.peer.handle({ type: "received", link: this.id, text }, this.now);
    this.#take(step);
    return step;
  }

  wake(now: Millis): void {
    this.now = now;
    this.#take(this.peer.handle({ type: "wake" }, now));
  }

  last<T extends Message["type"]>(type: T): MessageOf<T> | undefined {
    return this.heard.findLast((message): message is MessageOf<T> => message.type === type);
  }

  /** Handshakes as the initiator; false where the node does not say welcome. */
  handshake(identity: Identity, license: License = licenseOf()): boolean {
    const hello = greetingOf(identity, license);
    this.say({ type: "hello", ...hello });
    const welcome = this.last("welcome");
    if (welcome === undefined) return false;
    this.say({ type: "proof", signature: signed("initiator", identity, hello, welcome, this.binding) });
    return this.closedWith === undefined;
  }

  push(...records: readonly (SignedRecord | object)[]): Step {
    return this.say({ type: "push", records: [...records] });
  }

  #take(step: Step): void {
    for (const effect of step.effects) {
      if (effect.type === "send" && effect.link === this.id) this.heard.push(JSON.parse(effect.text) as Message);
      if (effect.type === "close" && effect.link === this.id) this.closedWith = effect.rejection.code;
    }
  }
}

export function greetingOf(identity: Identity, license: License = licenseOf(), challenge = "a challenge"): Greeting {
  return {
    protocol: PROTOCOL_VERSION,
    challenge: base64urlFromBytes(bytesOf(challenge)),
    peer_id: identity.peerId,
    public_key: base64urlFromBytes(identity.publicKey),
    license_id: license.license_id,
    license_hash: licenseHash(crypto, license),
    customer_id: license.customer_id,
  };
}

/** The signature of `identity` over the transcript of these two greetings. */
export function signed(
  role: Role,
  identity: Identity,
  initiator: Greeting,
  responder: Greeting,
  binding: Uint8Array,
): string {
  return signTranscript(crypto, identity, role, transcriptHash(crypto, initiator, responder, binding));
}
