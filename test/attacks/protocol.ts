import { createHash } from "node:crypto";
import { createIdentity, type Identity } from "@arctic/core";
import { createFakeCrypto } from "../simulation/fake-crypto.ts";
import { createRandom } from "../simulation/random.ts";

/** Alice and bob keep the rules; mallory is a member, too, and keeps none. */
export type Name = "alice" | "bob" | "mallory";
export type Role = "initiator" | "responder";

export interface Message {
  readonly type: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** One run of one side. Everything in it is plain, so that a search can fork it. */
export interface Session {
  readonly id: string;
  readonly who: Name;
  readonly role: Role;
  /** Whom an initiator dialled. */
  readonly intends: Name | undefined;
  /** The connection that it stands on; the attacker sits on all of them. */
  readonly channel: string;
  readonly expects: string | undefined;
  readonly memory: Readonly<Record<string, Message>>;
  /** Set when it is finished: whom it believes to speak with, and the challenges of both sides. */
  readonly belief: { readonly peer: string; readonly challenges: readonly string[] } | undefined;
}

export interface Step {
  readonly session: Session;
  readonly send: Message | undefined;
}

/** The two machines of a handshake, and what the attacker can make with its own key. */
export interface Protocol {
  readonly name: string;
  open(session: Session): Step;
  /** The next step, or `undefined` where the message is refused. */
  receive(session: Session, message: Message): Step | undefined;
  craft(session: Session, known: readonly Message[]): readonly Message[];
}

export const crypto = createFakeCrypto(createRandom(1));
export const identities: Readonly<Record<Name, Identity>> = {
  alice: createIdentity(crypto, 0),
  bob: createIdentity(crypto, 0),
  mallory: createIdentity(crypto, 0),
};

export function nameOf(peerId: string): Name | undefined {
  return (["alice", "bob", "mallory"] as const).find((name) => identities[name].peerId === peerId);
}

/** The same 32 bytes for the same label. */
export function bytesOf(label: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(label).digest());
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
