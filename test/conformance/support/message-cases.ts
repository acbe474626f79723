import { base64urlFromBytes } from "../../../packages/core/src/encoding/base64url.ts";
import type { JsonObject, JsonValue } from "../../../packages/core/src/encoding/json.ts";
import { decodeMessage } from "../../../packages/core/src/gossip/message.ts";
import * as LIMITS from "../../../packages/core/src/limits.ts";
import { rfc3339FromMs } from "../../../packages/core/src/time.ts";
import {
  admissionOf,
  bytesOf,
  CUSTOMER,
  clusterIdOf,
  identityOf,
  licenseIdOf,
  licenseOf,
  NOW,
  serviceIdOf,
} from "../../../packages/core/test/support/fixtures.ts";

const alice = identityOf("alice");
const bytes32 = base64urlFromBytes(bytesOf("32 bytes"));
const signature = base64urlFromBytes(new Uint8Array([...bytesOf("64"), ...bytesOf("bytes")]));
const hashes = { peers: bytes32, services: bytes32, others: bytes32 };
const greeting = {
  protocol: 1,
  challenge: bytes32,
  peer_id: alice.peerId,
  public_key: base64urlFromBytes(alice.publicKey),
  license_id: licenseIdOf("first"),
  license_hash: bytes32,
  customer_id: CUSTOMER,
};
const record = admissionOf(alice, identityOf("bob").peerId) as unknown as JsonObject;
const license = licenseOf() as unknown as JsonObject;
const marks = Array.from({ length: 256 }, () => "AAAAAAAAAAA");
const SHORT: Change = [
  ["", "x".repeat(128), "😀".repeat(128)],
  ["x".repeat(129), "😀".repeat(129), 5, null],
];
const BYTES32: Change = [["A".repeat(43)], ["A".repeat(42), "A".repeat(44), "+".repeat(43), 5, null]];
const SIGNATURE: Change = [["A".repeat(86)], ["A".repeat(85), `${"A".repeat(86)}==`, null]];
const TIME: Change = [["2026-01-01T00:00:00Z"], ["2026-01-01", 5, null]];
const DOCUMENT: Change = [
  [{}, [], license],
  ["text", 5, null],
];
const RECORDS: Change = [
  [[], [record], [5, null, "anything"]],
  [{}, null, "x"],
];
const FROM_ONE: Change = [
  [1, 2 ** 53 - 1],
  [0, -1, "1", null],
];
const GROUP: Change = [
  ["peers", "services", "others"],
  ["Peers", "", null],
];

type Change = readonly [right: readonly JsonValue[], wrong: readonly JsonValue[]];

/** One right message of each type, and what may be changed in it. `optional` fields may be left out. */
export const MESSAGES: readonly {
  readonly message: JsonObject & { readonly type: string };
  readonly optional?: readonly string[];
  readonly changes: Readonly<Record<string, Change>>;
}[] = [
  { message: { type: "hello", ...greeting }, changes: greetingChanges() },
  { message: { type: "welcome", ...greeting, signature }, changes: { ...greetingChanges(), signature: SIGNATURE } },
  {
    message: { type: "proof", signature, license },
    optional: ["license"],
    changes: { signature: SIGNATURE, license: DOCUMENT },
  },
  { message: { type: "refusal", code: "handshake_refused" }, changes: { code: SHORT } },
  {
    message: {
      type: "heartbeat",
      boot: "boot-1",
      seq: 1,
      time: rfc3339FromMs(NOW),
      cluster_id: clusterIdOf("one"),
      license_id: licenseIdOf("first"),
      license_hash: bytes32,
      license_issued_at: rfc3339FromMs(NOW),
      hashes,
      records: [record],
    },
    optional: ["cluster_id", "license_id", "license_hash", "license_issued_at"],
    changes: {
      boot: SHORT,
      seq: FROM_ONE,
      time: TIME,
      cluster_id: [[], [serviceIdOf("web"), "", null]],
      license_id: [[], ["lic_1", null]],
      license_hash: BYTES32,
      license_issued_at: TIME,
      hashes: [[{ ...hashes, more: 1 }], [{ peers: bytes32, services: bytes32 }, { ...hashes, peers: "x" }, null, []]],
      records: RECORDS,
    },
  },
  { message: { type: "push", records: [record] }, changes: { records: RECORDS } },
  {
    message: { type: "offer", entries: [["service", alice.peerId, serviceIdOf("web"), 5]] },
    changes: {
      entries: [
        [[], [["service", alice.peerId, "x", 1]]],
        [
          [5],
          ["four"],
          [["service", alice.peerId, "x"]],
          [["service", "peer_1", "x", 5]],
          [["service", alice.peerId, "x", 0]],
          [[5]],
          {},
        ],
      ],
    },
  },
  {
    message: {
      type: "want",
      keys: [["service", alice.peerId, serviceIdOf("web")]],
      group: "peers",
      elements: ["0123456789abcdef"],
    },
    optional: ["keys", "group", "elements"],
    changes: {
      keys: [
        [[]],
        [
          [5],
          ["two"],
          [["service", alice.peerId]],
          [["service", "peer_1", "x"]],
          [["service", alice.peerId, "x", 5]],
          {},
          null,
        ],
      ],
      group: GROUP,
      elements: [
        [[], Array.from({ length: 30 }, () => "0".repeat(16))],
        [Array.from({ length: 31 }, () => "0".repeat(16)), ["0123456789ABCDEF"], ["0123"], [5], null],
      ],
    },
  },
  {
    message: { type: "sketch", group: "peers", cells: "A".repeat(480) },
    changes: { group: GROUP, cells: [[], ["A".repeat(479), "A".repeat(481), null]] },
  },
  {
    message: { type: "buckets", group: "peers", marks, is_answer: false },
    changes: {
      group: GROUP,
      marks: [[], [marks.slice(1), [...marks, "AAAAAAAAAAA"], [...marks.slice(1), "AAAAAAAAAA"], null]],
      is_answer: [[true], ["true", 0, null]],
    },
  },
  { message: { type: "ping", nonce: "n-1" }, changes: { nonce: SHORT } },
  {
    message: { type: "pong", nonce: "n-1", hashes },
    optional: ["hashes"],
    changes: { nonce: SHORT, hashes: [[], [{}, null]] },
  },
  { message: { type: "voucher", voucher: {} }, changes: { voucher: DOCUMENT } },
  { message: { type: "voucher_wanted" }, changes: {} },
  {
    message: { type: "duplicate", boots: ["boot-1", "boot-2"] },
    changes: {
      boots: [[["", "x".repeat(128)]], [["boot-1"], ["a", "b", "c"], ["a", 5], ["a", "x".repeat(129)], "ab", null]],
    },
  },
  { message: { type: "license_wanted", hash: bytes32 }, changes: { hash: BYTES32 } },
  { message: { type: "license", document: license }, changes: { document: DOCUMENT } },
  { message: { type: "call", call: "c-1", body: "{}" }, changes: { call: SHORT, body: [[""], [5, {}, null]] } },
  { message: { type: "answer", call: "c-1", body: "{}" }, changes: { call: SHORT, body: [[""], [5, {}, null]] } },
];

function greetingChanges(): Record<string, Change> {
  return {
    protocol: [
      [1, 1000],
      [0, 1001, "1", null],
    ],
    challenge: BYTES32,
    peer_id: [[], ["peer_1", alice.peerId.toLowerCase(), null]],
    public_key: BYTES32,
    license_id: [[], ["lic_1", null]],
    license_hash: BYTES32,
    customer_id: [[], ["cust_1", null]],
  };
}

/** Frames, right and wrong. A change is one field set to another value, or left out. */
export function messageVectors() {
  return {
    description:
      "`frames`: texts as they travel; `code` is null for a message. `messages`: one right message of each type; each of `changes` sets `field` to `value`, or leaves it out where there is no `value`. `long`: a call whose body is `fill` repeated so that the frame has `units` UTF-16 code units.",
    messages: MESSAGES.map(({ message }) => message),
    changes: MESSAGES.flatMap(changesOf),
    frames: FRAMES.map((text) => ({ text, code: codeOf(text) })),
    long: [
      { fill: "x", units: LIMITS.frameBytes, code: null },
      { fill: "x", units: LIMITS.frameBytes + 1, code: "frame_too_large" },
      { fill: "é", units: LIMITS.frameBytes, code: null },
    ].map((one) => ({ ...one, code: codeOf(longFrame(one.fill, one.units)) })),
  };
}

export function longFrame(fill: string, units: number): string {
  const empty = JSON.stringify({ type: "call", call: "c-1", body: "" });
  return JSON.stringify({ type: "call", call: "c-1", body: fill.repeat(units - empty.length) });
}

function changesOf({ message, optional = [], changes }: (typeof MESSAGES)[number]) {
  const { type } = message;
  return [
    { type, field: "a_field_of_tomorrow", value: { x: 1 } as JsonValue, code: null },
    ...Object.keys(message)
      .filter((field) => field !== "type")
      .map((field) => ({ type, field, code: optional.includes(field) ? null : "frame_malformed" })),
    ...Object.entries(changes).flatMap(([field, [right, wrong]]) => [
      ...right.map((value) => ({ type, field, value, code: null })),
      ...wrong.map((value) => ({ type, field, value, code: "frame_malformed" })),
    ]),
  ];
}

const FRAMES: readonly string[] = [
  "",
  "null",
  "[]",
  "{}",
  '{"type":5}',
  '{"type":"hullo"}',
  '{"type":"Ping","nonce":"n"}',
  ' { "nonce" : "n", "type" : "ping" } ',
  '{"type":"ping","nonce":"n"} {}',
  '{"type":"ping","nonce":"n","nonce":"n"}',
  '{"type":"ping","nonce":"n","x":1.5}',
  '{"type":"ping","nonce":"n","__proto__":1}',
  '\ufeff{"type":"ping","nonce":"n"}',
  `{"type":"ping","nonce":"n","x":${"[".repeat(15)}${"]".repeat(15)}}`,
  `{"type":"ping","nonce":"n","x":${"[".repeat(16)}${"]".repeat(16)}}`,
];

function codeOf(frame: string): string | null {
  const decoded = decodeMessage(frame);
  return decoded.ok ? null : decoded.rejection.code;
}
