import {
  checkGreeting,
  type Greeting,
  isTranscriptSignedBy,
  PROTOCOL_VERSION,
  type Role,
  signTranscript,
  transcriptHash,
} from "../../packages/core/src/trust/handshake.ts";
import { bytesOf, crypto, identities, type Message, type Name, type Protocol, type Session, text } from "./protocol.ts";

/** What a mutant leaves out of what is signed; the real handshake leaves out nothing. */
export type Omission = "nothing" | "binding" | "binding and responder";

/** Core's own greeting, transcript and signatures, in the three messages of docs/protocol.md. */
export function oursWithout(omission: Omission): Protocol {
  const transcript = (initiator: Greeting, responder: Greeting, channel: string) =>
    transcriptHash(
      crypto,
      initiator,
      omission === "binding and responder"
        ? { ...responder, peer_id: initiator.peer_id, public_key: initiator.public_key }
        : responder,
      bytesOf(omission === "nothing" ? channel : "any"),
    );
  const sign = (who: Name, role: Role, hash: Uint8Array) => signTranscript(crypto, identities[who], role, hash);
  const isSigned = (by: Greeting, role: Role, hash: Uint8Array, signature: string) =>
    isTranscriptSignedBy(crypto, by, role, hash, signature);

  function receiveHello(session: Session, hello: Message) {
    const [own, theirs] = [greetingOf(session.who, session.id), greetingIn(hello)];
    if (!checkGreeting(crypto, own, theirs, false).ok) return undefined;
    const signature = sign(session.who, "responder", transcript(theirs, own, session.channel));
    const welcome = { type: "welcome", fields: { ...fieldsOf(own), signature } };
    return { session: { ...session, expects: "proof", memory: { hello } }, send: welcome };
  }

  function receiveWelcome(session: Session, welcome: Message) {
    const [own, theirs] = [greetingOf(session.who, session.id), greetingIn(welcome)];
    const isIntended = session.intends !== undefined && theirs.peer_id === identities[session.intends].peerId;
    if (!isIntended || !checkGreeting(crypto, own, theirs, false).ok) return undefined;
    const hash = transcript(own, theirs, session.channel);
    if (!isSigned(theirs, "responder", hash, welcome.fields.signature ?? "")) return undefined;
    const proof = { type: "proof", fields: { signature: sign(session.who, "initiator", hash) } };
    const belief = { peer: theirs.peer_id, challenges: [own.challenge, theirs.challenge] };
    return { session: { ...session, expects: undefined, belief }, send: proof };
  }

  function receiveProof(session: Session, proof: Message) {
    const { hello } = session.memory;
    if (hello === undefined) return undefined;
    const [own, theirs] = [greetingOf(session.who, session.id), greetingIn(hello)];
    const hash = transcript(theirs, own, session.channel);
    if (!isSigned(theirs, "initiator", hash, proof.fields.signature ?? "")) return undefined;
    const belief = { peer: theirs.peer_id, challenges: [theirs.challenge, own.challenge] };
    return { session: { ...session, expects: undefined, belief }, send: undefined };
  }

  return {
    name: omission === "nothing" ? "ours" : `ours without ${omission}`,
    open: (session) =>
      session.role === "responder"
        ? { session: { ...session, expects: "hello" }, send: undefined }
        : {
            session: { ...session, expects: "welcome" },
            send: { type: "hello", fields: fieldsOf(greetingOf(session.who, session.id)) },
          },
    receive: (session, message) => {
      if (message.type !== session.expects) return undefined;
      if (message.type === "hello") return receiveHello(session, message);
      return message.type === "welcome" ? receiveWelcome(session, message) : receiveProof(session, message);
    },
    craft: (session, known) => {
      const own = greetingOf("mallory", "mallory's own");
      const challenges = new Set(known.flatMap(({ fields }) => fields.challenge ?? []));
      const greetings = [own, ...[...challenges].map((challenge) => ({ ...own, challenge }))];
      if (session.expects === "hello")
        return greetings.map((greeting) => ({ type: "hello", fields: fieldsOf(greeting) }));
      if (session.expects === "welcome") {
        const theirs = greetingOf(session.who, session.id);
        return greetings.map((greeting) => {
          const signature = sign("mallory", "responder", transcript(theirs, greeting, session.channel));
          return { type: "welcome", fields: { ...fieldsOf(greeting), signature } };
        });
      }
      const { hello } = session.memory;
      if (session.expects !== "proof" || hello === undefined) return [];
      const hash = transcript(greetingIn(hello), greetingOf(session.who, session.id), session.channel);
      return [{ type: "proof", fields: { signature: sign("mallory", "initiator", hash) } }];
    },
  };
}

function greetingOf(who: Name, label: string): Greeting {
  return {
    protocol: PROTOCOL_VERSION,
    challenge: text(bytesOf(`challenge of ${label}`)),
    peer_id: identities[who].peerId,
    public_key: text(identities[who].publicKey),
    license_id: "lic_00000000000000000000000000",
    license_hash: text(bytesOf("the license")),
    customer_id: "cust_00000000000000000000000000",
  };
}

function fieldsOf({ challenge, peer_id, public_key }: Greeting): Record<string, string> {
  return { challenge, peer_id, public_key };
}

function greetingIn({ fields }: Message): Greeting {
  const { challenge = "", peer_id = "", public_key = "" } = fields;
  return { ...greetingOf("mallory", ""), challenge, peer_id: peer_id as Greeting["peer_id"], public_key };
}
