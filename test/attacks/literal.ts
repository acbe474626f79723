import {
  bytesOf,
  crypto,
  identities,
  type Message,
  type Name,
  nameOf,
  type Protocol,
  type Session,
  text,
} from "./protocol.ts";

const LICENSE = "lic_of_the_customer";

/**
 * The handshake as it was first written down, flaws and all; a fixture, and nowhere in use. The initiator draws a
 * challenge and signs it with its own id and the license id; the responder signs the challenge, both ids and the
 * license id; each verifies with the key that it holds for the other.
 */
export const literal: Protocol = {
  name: "the handshake as first written down",
  open: (session) =>
    session.role === "responder"
      ? { session: { ...session, expects: "request" }, send: undefined }
      : { session: { ...session, expects: "answer" }, send: requestOf(session.who, text(bytesOf(session.id))) },
  receive: (session, message) => {
    if (message.type !== session.expects) return undefined;
    return session.role === "responder" ? answer(session, message) : finish(session, message);
  },
  craft: (session, known) =>
    session.expects === "request"
      ? known.flatMap(({ fields }) => (fields.challenge === undefined ? [] : [requestOf("mallory", fields.challenge)]))
      : known.flatMap(({ fields: { challenge, from } }) =>
          challenge === undefined || from === undefined ? [] : [answerOf("mallory", challenge, from)],
        ),
};

function answer(session: Session, { fields }: Message) {
  const { from = "", challenge = "", signature = "" } = fields;
  if (!isSigned(from, [challenge, from, LICENSE], signature)) return undefined;
  const belief = { peer: from, challenges: [challenge] };
  return { session: { ...session, expects: undefined, belief }, send: answerOf(session.who, challenge, from) };
}

function finish(session: Session, { fields }: Message) {
  const { from = "", signature = "" } = fields;
  const [self, challenge] = [identities[session.who].peerId, text(bytesOf(session.id))];
  const isIntended = session.intends !== undefined && from === identities[session.intends].peerId;
  if (!isIntended || !isSigned(from, [challenge, self, from, LICENSE], signature)) return undefined;
  return {
    session: { ...session, expects: undefined, belief: { peer: from, challenges: [challenge] } },
    send: undefined,
  };
}

function requestOf(who: Name, challenge: string): Message {
  const from = identities[who].peerId;
  return { type: "request", fields: { from, challenge, signature: signed(who, [challenge, from, LICENSE]) } };
}

function answerOf(who: Name, challenge: string, to: string): Message {
  const from = identities[who].peerId;
  return { type: "answer", fields: { from, signature: signed(who, [challenge, to, from, LICENSE]) } };
}

function signed(who: Name, parts: readonly string[]): string {
  return text(crypto.sign(identities[who].secretKey, Buffer.from(parts.join(" "))));
}

function isSigned(peerId: string, parts: readonly string[], signature: string): boolean {
  const name = nameOf(peerId);
  if (name === undefined) return false;
  return crypto.verify(identities[name].publicKey, Buffer.from(parts.join(" ")), Buffer.from(signature, "base64url"));
}
