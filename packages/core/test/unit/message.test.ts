import { describe, expect, it } from "vitest";
import { decodeMessage } from "../../src/gossip/message.ts";
import * as LIMITS from "../../src/limits.ts";
import { identityOf, licenseIdOf } from "../support/fixtures.ts";

const bytes32 = "A".repeat(43);
const hello = {
  type: "hello",
  protocol: 1,
  challenge: bytes32,
  peer_id: identityOf("a").peerId,
  public_key: bytes32,
  license_id: licenseIdOf("x"),
  license_hash: bytes32,
  customer_id: identityOf("a").peerId.replace("peer_", "cust_"),
};
const heartbeat = {
  type: "heartbeat",
  boot: "b",
  seq: 1,
  time: "2026-01-15T12:00:00Z",
  license_id: licenseIdOf("x"),
  license_hash: bytes32,
  license_issued_at: "2026-01-01T00:00:00Z",
  hashes: { peers: bytes32, services: bytes32, others: bytes32 },
  records: [],
};
const marks = Array.from({ length: 256 }, () => "A".repeat(11));
const codeOf = (frame: unknown) => {
  const decoded = decodeMessage(typeof frame === "string" ? frame : JSON.stringify(frame));
  return decoded.ok ? "ok" : decoded.rejection.code;
};

describe("a frame", () => {
  it("of each kind of message is read", () => {
    const messages = [
      hello,
      { ...hello, type: "welcome", signature: "A".repeat(86) },
      { type: "proof", signature: "A".repeat(86) },
      { type: "proof", signature: "A".repeat(86), license: {} },
      { type: "refusal", code: "handshake_refused" },
      heartbeat,
      { type: "push", records: [1, null, {}] },
      { type: "offer", entries: [["peer", hello.peer_id, "x", 1]] },
      { type: "want", keys: [["peer", hello.peer_id, "x"]] },
      { type: "buckets", group: "peers", marks, is_answer: false },
      { type: "ping", nonce: "n" },
      { type: "pong", nonce: "n" },
      { type: "voucher", voucher: {} },
      { type: "license_wanted", hash: bytes32 },
      { type: "license", document: {} },
      { type: "call", call: "c", body: "" },
      { type: "answer", call: "c", body: "" },
    ];
    for (const message of messages) expect(codeOf(message), message.type).toBe("ok");
  });
  it("may hold fields that are not known here; they are passed over", () => {
    const decoded = decodeMessage(JSON.stringify({ type: "ping", nonce: "n", later: { x: 1 } }));
    expect(decoded).toMatchObject({ ok: true, value: { type: "ping", nonce: "n" } });
  });
  it("over one mebibyte is refused unread", () => {
    expect(codeOf(`"${"x".repeat(LIMITS.frameBytes)}"`)).toBe("frame_too_large");
  });
  it("that is no strict JSON is refused", () => {
    for (const frame of [
      "",
      "x",
      "[]",
      "null",
      "7",
      '"ping"',
      "{}",
      '{"type":"ping","nonce":"a","nonce":"b"}',
      '\ufeff{"type":"ping","nonce":"n"}',
      '{"type":"ping","nonce":"n","__proto__":{}}',
      '{"type":"ping","nonce":"n","x":1.5}',
      String.raw`{"type":"ping","nonce":"\ud800"}`,
      "[".repeat(100_000),
    ])
      expect(codeOf(frame), frame.slice(0, 40)).toBe("frame_malformed");
  });
  it("with a field that is missing, of another type or out of its bounds is refused", () => {
    const wrong = [
      { type: "nonsense" },
      { type: "ping" },
      { type: "ping", nonce: "x".repeat(129) },
      { type: "ping", nonce: 1 },
      { ...hello, protocol: 0 },
      { ...hello, challenge: "A".repeat(42) },
      { ...hello, challenge: `${"A".repeat(42)}=` },
      { ...hello, peer_id: hello.peer_id.toLowerCase() },
      { ...hello, public_key: undefined },
      { ...hello, customer_id: "acme" },
      { ...hello, type: "welcome" },
      { type: "proof", signature: "A".repeat(85) },
      { type: "proof", signature: "A".repeat(86), license: "text" },
      { ...heartbeat, seq: 0 },
      { ...heartbeat, time: "yesterday" },
      { ...heartbeat, hashes: { peers: bytes32 } },
      { ...heartbeat, records: {} },
      { ...heartbeat, records: new Array(8193).fill(1) },
      { type: "offer", entries: [["peer", "nobody", "x", 1]] },
      { type: "offer", entries: [["peer", hello.peer_id, "x"]] },
      { type: "offer", entries: [["peer", hello.peer_id, "x", 0]] },
      { type: "want", keys: [["peer", hello.peer_id]] },
      { type: "buckets", group: "none", marks, is_answer: false },
      { type: "buckets", group: "peers", marks: marks.slice(1), is_answer: false },
      { type: "buckets", group: "peers", marks: [...marks, "A".repeat(11)], is_answer: false },
      { type: "buckets", group: "peers", marks, is_answer: "no" },
      { type: "license", document: null },
      { type: "call", call: "c" },
    ];
    for (const message of wrong) expect(codeOf(message), JSON.stringify(message).slice(0, 60)).toBe("frame_malformed");
  });
  it("is refused without a word of what it held", () => {
    const decoded = decodeMessage(JSON.stringify({ type: "ping", nonce: ["a secret of somebody"] }));
    expect(JSON.stringify(decoded)).not.toContain("secret");
  });
});
