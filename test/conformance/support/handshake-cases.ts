import { base64urlFromBytes } from "../../../packages/core/src/encoding/base64url.ts";
import type { Identity } from "../../../packages/core/src/identity/identity.ts";
import { licenseHash } from "../../../packages/core/src/license/license.ts";
import {
  type Greeting,
  PROTOCOL_VERSION,
  type Role,
  signTranscript,
  transcriptHash,
} from "../../../packages/core/src/trust/handshake.ts";
import {
  bytesOf,
  CUSTOMER,
  crypto,
  customerIdOf,
  hexFromBytes,
  identityOf,
  licenseIdOf,
  licenseOf,
} from "../../../packages/core/test/support/fixtures.ts";

const initiator = identityOf("initiator");
const responder = identityOf("responder");
const hello = greetingOf(initiator, "challenge of the initiator");
const welcome = greetingOf(responder, "challenge of the responder");
const binding = bytesOf("binding");

/** One honest handshake, and what changes in it must not verify. `transcript` and `binding` are hex. */
export function handshakeVectors() {
  const transcript = transcriptHash(crypto, hello, welcome, binding);
  const signatures = {
    initiator: signTranscript(crypto, initiator, "initiator", transcript),
    responder: signTranscript(crypto, responder, "responder", transcript),
  };
  return {
    description:
      "A handshake: both greetings, the channel's binding, the transcript's hash and both signatures. `refused`: the same signatures shown in another place; none of them verifies.",
    hello,
    welcome,
    binding: hexFromBytes(binding),
    transcript: hexFromBytes(transcript),
    signatures,
    refused: [
      ...changedGreetings(),
      place("the responder's signature as the initiator's (reflection)", {
        role: "initiator",
        signature: signatures.responder,
      }),
      place("the initiator's signature as the responder's", { role: "responder", signature: signatures.initiator }),
      place("on another connection (splice)", { binding: hexFromBytes(bytesOf("another binding")) }),
      place("on a connection without a binding", { binding: "" }),
      place("with the roles of the greetings exchanged", { hello: welcome, welcome: hello }),
      place("by another key", {
        role: "responder",
        signature: signTranscript(crypto, identityOf("other"), "responder", transcript),
      }),
    ].map((changes) => ({
      role: "responder" as Role,
      signature: signatures.responder,
      hello,
      welcome,
      binding: hexFromBytes(binding),
      ...changes,
    })),
  };
}

interface Place {
  readonly name: string;
  readonly role?: Role;
  readonly signature?: string;
  readonly hello?: Greeting;
  readonly welcome?: Greeting;
  readonly binding?: string;
}

function place(name: string, changes: Omit<Place, "name">): Place {
  return { name, ...changes };
}

function changedGreetings(): Place[] {
  const other = {
    challenge: base64urlFromBytes(bytesOf("another challenge")),
    license_hash: base64urlFromBytes(bytesOf("another license")),
    license_id: licenseIdOf("another"),
  };
  return [
    place("protocol 2", { hello: { ...hello, protocol: 2 } }),
    place("another challenge of the initiator", { hello: { ...hello, challenge: other.challenge } }),
    place("another challenge of the responder", { welcome: { ...welcome, challenge: other.challenge } }),
    place("another license of the initiator", { hello: { ...hello, license_id: other.license_id } }),
    place("another license hash of the initiator", { hello: { ...hello, license_hash: other.license_hash } }),
    place("another license of the responder", { welcome: { ...welcome, license_id: other.license_id } }),
    place("another license hash of the responder", { welcome: { ...welcome, license_hash: other.license_hash } }),
    place("another customer", { hello: { ...hello, customer_id: customerIdOf("other") } }),
    place("another initiator", { hello: { ...greetingOf(identityOf("other"), "x"), challenge: hello.challenge } }),
    place("another id of the responder", { welcome: { ...welcome, peer_id: identityOf("responder", 0).peerId } }),
  ];
}

function greetingOf(identity: Identity, challenge: string): Greeting {
  const license = licenseOf();
  return {
    protocol: PROTOCOL_VERSION,
    challenge: base64urlFromBytes(bytesOf(challenge)),
    peer_id: identity.peerId,
    public_key: base64urlFromBytes(identity.publicKey),
    license_id: license.license_id,
    license_hash: licenseHash(crypto, license),
    customer_id: CUSTOMER,
  };
}
