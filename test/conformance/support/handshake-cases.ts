import { base64urlFromBytes, bytesFromBase64url } from "../../../packages/core/src/encoding/base64url.ts";
import { concatBytes, lengthPrefixed } from "../../../packages/core/src/encoding/framing.ts";
import { peerIdFromKey } from "../../../packages/core/src/identity/id.ts";
import type { Identity } from "../../../packages/core/src/identity/identity.ts";
import { licenseHash } from "../../../packages/core/src/license/license.ts";
import {
  checkGreeting,
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
  NOW,
} from "../../../packages/core/test/support/fixtures.ts";
import { recordOfMixedOrderKey } from "./odd-signatures.ts";

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
      "A handshake: both greetings, the channel's binding, the transcript (`transcript_bytes`, hex), its hash and both signatures. `refused`: the same signatures shown in another place; none of them verifies. `greetings`: what a side (`own`) answers to the other's greeting (`theirs`) before it asks its door, its key never seen before; `code` is null where it goes on.",
    hello,
    welcome,
    binding: hexFromBytes(binding),
    transcript_bytes: hexFromBytes(transcriptBytes(transcript)),
    transcript: hexFromBytes(transcript),
    signatures,
    greetings: greetingsJudged(),
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

/** What is hashed, written out beside core's own way to the hash. */
function transcriptBytes(hash: Uint8Array): Uint8Array {
  const raw = (text: string) => bytesFromBase64url(text) ?? new Uint8Array();
  const fields = lengthPrefixed(
    "1",
    raw(hello.challenge),
    raw(welcome.challenge),
    hello.peer_id,
    welcome.peer_id,
    raw(hello.public_key),
    raw(welcome.public_key),
    hello.license_id,
    raw(hello.license_hash),
    welcome.license_id,
    raw(welcome.license_hash),
    hello.customer_id,
    binding,
  );
  const bytes = concatBytes(new TextEncoder().encode("arctic/handshake/v1\u0000"), fields);
  if (hexFromBytes(crypto.sha256(bytes)) !== hexFromBytes(hash)) throw new Error("the transcript has other bytes");
  return bytes;
}

/** `own` is the responder's side. */
function greetingsJudged() {
  const twinOf = (text: string) => text.replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1));
  const stranger = greetingOf(identityOf("other"), "x");
  const torsioned = recordOfMixedOrderKey("mixed");
  const cases: [name: string, theirs: Greeting, code: string | null][] = [
    ["an honest one", hello, null],
    ["another protocol", { ...hello, protocol: 2 }, "handshake_version"],
    ["this peer's own id", { ...hello, peer_id: welcome.peer_id }, "handshake_self"],
    ["this peer's own key", { ...hello, public_key: welcome.public_key }, "handshake_self"],
    ["this peer's own challenge", { ...hello, challenge: welcome.challenge }, "handshake_self"],
    ["this peer itself", welcome, "handshake_self"],
    ["a challenge in its second spelling", { ...hello, challenge: twinOf(hello.challenge) }, "frame_malformed"],
    [
      "a license hash in its second spelling",
      { ...hello, license_hash: twinOf(hello.license_hash) },
      "frame_malformed",
    ],
    ["a key in its second spelling", { ...hello, public_key: twinOf(hello.public_key) }, "frame_malformed"],
    ["somebody else's id", { ...hello, peer_id: stranger.peer_id }, "handshake_key_mismatch"],
    ["somebody else's key", { ...hello, public_key: stranger.public_key }, "handshake_key_mismatch"],
    ["a key with torsion", { ...hello, peer_id: torsioned.owner, public_key: torsioned.key }, "handshake_key_mismatch"],
    ["a key of small order", { ...hello, ...smallOrder() }, "handshake_key_mismatch"],
    ["another customer is for the door to judge", { ...hello, customer_id: customerIdOf("other") }, null],
    ["first fault: protocol before self", { ...welcome, protocol: 2 }, "handshake_version"],
    [
      "first fault: bytes before the id",
      { ...hello, challenge: twinOf(hello.challenge), peer_id: stranger.peer_id },
      "frame_malformed",
    ],
  ];
  return cases.map(([name, theirs, code]) => {
    const checked = checkGreeting(crypto, welcome, theirs, false);
    const found = checked.ok ? null : checked.rejection.code;
    if (found !== code) throw new Error(`${name}: core says ${found}, the case says ${code}`);
    return { name, own: welcome, theirs, code };
  });
}

function smallOrder() {
  const public_key = "A".repeat(43);
  return { public_key, peer_id: peerIdFromKey(crypto, bytesFromBase64url(public_key) ?? new Uint8Array(), NOW) };
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
