import type { JsonValue } from "../encoding/json.ts";
import { parseJson } from "../encoding/parse-json.ts";
import {
  anything,
  boolean,
  document,
  integer,
  listOf,
  matching,
  object,
  oneOf,
  optional,
  type Shape,
  type Shaped,
  text,
  tuple,
  union,
} from "../encoding/shape.ts";
import { idOf, instant } from "../identity/fields.ts";
import * as LIMITS from "../limits.ts";
import { DIGEST_GROUPS } from "../registry/kind.ts";
import { SKETCH_BYTES, SKETCH_CELLS } from "../registry/sketch.ts";
import { accept, type Result, refuse } from "../result.ts";
import { type IsHeldText, withoutHeld } from "./frame.ts";

const SKETCH_CHARS = Math.ceil((SKETCH_BYTES * 4) / 3);
const bytes32 = matching((value) => /^[A-Za-z0-9_-]{43}$/.test(value), "not 32 bytes in base64url");
const signature = matching((value) => /^[A-Za-z0-9_-]{86}$/.test(value), "not 64 bytes in base64url");
const group = oneOf(...DIGEST_GROUPS);
const hashes = object({ peers: bytes32, services: bytes32, others: bytes32 });
const records: Shape<readonly unknown[]> = listOf(anything, 8192);
const short = text(0, 128);
const anyText = matching(() => true, "not a text");
const version = integer(1);

const greeting = {
  protocol: integer(1, 1000),
  challenge: bytes32,
  peer_id: idOf("peer"),
  public_key: bytes32,
  license_id: idOf("lic"),
  license_hash: bytes32,
  customer_id: idOf("cust"),
};

/** Every message of a link. Fields that a receiver does not know are passed over. */
const messageShape = union("type", {
  hello: object(greeting),
  welcome: object({ ...greeting, signature }),
  /** `license` is shown where the other side's hash is another one. */
  proof: object({ signature, license: optional(document) }),
  /** Says that the handshake ends here. One code, so that it is no oracle. */
  refusal: object({ code: short }),
  heartbeat: object({
    boot: short,
    seq: integer(1),
    time: instant,
    cluster_id: optional(idOf("clu")),
    /** The license, on its first mention on a link and when it is another one: all three or none. */
    license_id: optional(idOf("lic")),
    license_hash: optional(bytes32),
    license_issued_at: optional(instant),
    hashes,
    records,
  }),
  push: object({ records }),
  /** Key and version of records that are new to the sender; the receiver asks for what it misses. */
  offer: object({ entries: listOf(tuple(short, idOf("peer"), short, version), 8192) }),
  want: object({
    keys: optional(listOf(tuple(short, idOf("peer"), short), 8192)),
    /** Records that a sketch of this group named: the first 8 bytes of their content hashes, hex. */
    group: optional(group),
    elements: optional(
      listOf(
        matching((value) => /^[0-9a-f]{16}$/.test(value), "not 8 bytes in hex"),
        SKETCH_CELLS,
      ),
    ),
  }),
  /** An invertible sketch of what the sender holds of a group, base64url: the answer to a heartbeat whose hash differs. */
  sketch: object({ group, cells: text(SKETCH_CHARS, SKETCH_CHARS) }),
  /** The first 8 bytes of each of 256 bucket hashes; `is_answer` where it answers the receiver's own. */
  buckets: object({
    group,
    marks: listOf(
      matching((value) => /^[A-Za-z0-9_-]{11}$/.test(value), "not 8 bytes in base64url"),
      256,
      256,
    ),
    is_answer: boolean,
  }),
  ping: object({ nonce: short }),
  /** With the sender's hashes, so that a neighbour's status does not lag a whole heartbeat behind. */
  pong: object({ nonce: short, hashes: optional(hashes) }),
  voucher: object({ voucher: document }),
  /** Asks a member for another voucher, before the one that is held ends. */
  voucher_wanted: object({}),
  /** Says to both that two links bear one id, with boot ids that both still send. */
  duplicate: object({ boots: tuple(short, short) }),
  license_wanted: object({ hash: bytes32 }),
  license: object({ document }),
  call: object({ call: short, body: anyText }),
  answer: object({ call: short, body: anyText }),
});

/** What peers say to each other over a link. */
export type Message = Shaped<typeof messageShape>;
export type MessageOf<T extends Message["type"]> = Extract<Message, { type: T }>;

const NOTHING_NEW = encodeWithRecords({ type: "push" }, []);

export function encodeMessage(message: Message): string {
  return JSON.stringify(message);
}

/** A message with records, which are at hand as text; they come last, where a receiver finds those that it holds at once. */
export function encodeWithRecords(
  head: Omit<MessageOf<"push" | "heartbeat">, "records">,
  texts: readonly string[],
): string {
  return `${JSON.stringify(head).slice(0, -1)},"records":[${texts.join(",")}]}`;
}

/**
 * The message in a frame (JSON text, at most 1 MiB), judged by shape alone. Records in it are judged one by one later;
 * those that `isHeldText` knows are left out.
 */
export function decodeMessage(frame: string, isHeldText: IsHeldText = () => false): Result<Message> {
  if (frame.length > LIMITS.frameBytes) return refuse("frame_too_large", `${frame.length} characters`);
  const { text: slim } = withoutHeld(frame, isHeldText);
  // Most pushes in a busy cluster hold nothing new.
  if (slim === NOTHING_NEW) return accept({ type: "push", records: [] });
  let value: JsonValue;
  try {
    value = parseJson(slim);
  } catch (error) {
    return refuse("frame_malformed", error instanceof SyntaxError ? error.message.slice(0, 120) : "unreadable");
  }
  const complaint = messageShape(value);
  if (complaint === undefined) return accept(value as Message);
  return refuse("frame_malformed", `${complaint.path || "type"} is not as it must be`);
}
