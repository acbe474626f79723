import * as z from "zod";
import type { JsonValue } from "../encoding/json.ts";
import { parseJson } from "../encoding/parse-json.ts";
import { type ClusterId, type CustomerId, isId, type LicenseId, type PeerId } from "../identity/id.ts";
import { LIMITS } from "../limits.ts";
import { DIGEST_GROUPS } from "../registry/kind.ts";
import { SKETCH_BYTES, SKETCH_CELLS } from "../registry/sketch.ts";
import { accept, type Result, refuse } from "../result.ts";
import { msFromRfc3339 } from "../time.ts";
import { type IsHeldText, withoutHeld } from "./frame.ts";

const peerId = z.custom<PeerId>((value) => isId("peer", value));
const clusterId = z.custom<ClusterId>((value) => isId("clu", value));
const licenseId = z.custom<LicenseId>((value) => isId("lic", value));
const customerId = z.custom<CustomerId>((value) => isId("cust", value));
const bytes32 = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const signature = z.string().regex(/^[A-Za-z0-9_-]{86}$/);
const instant = z.string().refine((text) => msFromRfc3339(text) !== undefined);
const group = z.enum(DIGEST_GROUPS as ["peers", "services", "others"]);
const hashes = z.object({ peers: bytes32, services: bytes32, others: bytes32 });
const document = z.custom<JsonValue>((value) => typeof value === "object" && value !== null);
const records = z.array(z.unknown()).max(8192);
const text = z.string().max(128);

const greeting = {
  protocol: z.int().min(1).max(1000),
  challenge: bytes32,
  peer_id: peerId,
  public_key: bytes32,
  license_id: licenseId,
  license_hash: bytes32,
  customer_id: customerId,
};

/** Every message of a link. Fields that a receiver does not know are passed over. */
const messageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("hello"), ...greeting }),
  z.object({ type: z.literal("welcome"), ...greeting, signature }),
  /** `license` is shown where the other side's hash is another one. */
  z.object({ type: z.literal("proof"), signature, license: document.optional() }),
  /** Says that the handshake ends here. One code, so that it is no oracle. */
  z.object({ type: z.literal("refusal"), code: text }),
  z.object({
    type: z.literal("heartbeat"),
    boot: text,
    seq: z.int().min(1),
    time: instant,
    cluster_id: clusterId.optional(),
    /** The license, on its first mention on a link and when it is another one: all three or none. */
    license_id: licenseId.optional(),
    license_hash: bytes32.optional(),
    license_issued_at: instant.optional(),
    hashes,
    records,
  }),
  z.object({ type: z.literal("push"), records }),
  /** Key and version of records that are new to the sender; the receiver asks for what it misses. */
  z.object({ type: z.literal("offer"), entries: z.array(z.tuple([text, peerId, text, z.int().min(1)])).max(8192) }),
  z.object({
    type: z.literal("want"),
    keys: z
      .array(z.tuple([text, peerId, text]))
      .max(8192)
      .optional(),
    /** Records that a sketch of this group named: the first 8 bytes of their content hashes, hex. */
    group: group.optional(),
    elements: z
      .array(z.string().regex(/^[0-9a-f]{16}$/))
      .max(SKETCH_CELLS)
      .optional(),
  }),
  /** An invertible sketch of what the sender holds of a group, base64url: the answer to a heartbeat whose hash differs. */
  z.object({ type: z.literal("sketch"), group, cells: z.string().length(Math.ceil((SKETCH_BYTES * 4) / 3)) }),
  /** The first 8 bytes of each of 256 bucket hashes; `is_answer` where it answers the receiver's own. */
  z.object({
    type: z.literal("buckets"),
    group,
    marks: z.array(z.string().regex(/^[A-Za-z0-9_-]{11}$/)).length(256),
    is_answer: z.boolean(),
  }),
  z.object({ type: z.literal("ping"), nonce: text }),
  /** With the sender's hashes, so that a neighbour's status does not lag a whole heartbeat behind. */
  z.object({ type: z.literal("pong"), nonce: text, hashes: hashes.optional() }),
  z.object({ type: z.literal("voucher"), voucher: document }),
  /** Asks a member for another voucher, before the one that is held ends. */
  z.object({ type: z.literal("voucher_wanted") }),
  /** Says to both that two links bear one id, with boot ids that both still send. */
  z.object({ type: z.literal("duplicate"), boots: z.tuple([text, text]) }),
  z.object({ type: z.literal("license_wanted"), hash: bytes32 }),
  z.object({ type: z.literal("license"), document }),
  z.object({ type: z.literal("call"), call: text, body: z.string() }),
  z.object({ type: z.literal("answer"), call: text, body: z.string() }),
]);

export type Message = z.infer<typeof messageSchema>;
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
  const parsed = messageSchema.safeParse(value);
  if (parsed.success) return accept(parsed.data);
  const issue = parsed.error.issues[0];
  return refuse("frame_malformed", `${issue?.path.join(".") || "type"} is not as it must be`);
}
