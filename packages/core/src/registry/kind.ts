import type { JsonObject } from "../encoding/json.ts";
import type { PeerId } from "../identity/id.ts";

/** Which of the three registry hashes a kind counts into. */
export type DigestGroup = "peers" | "services" | "others";
export const DIGEST_GROUPS: readonly DigestGroup[] = ["peers", "services", "others"];

/** One definition a kind. The merge knows no kind by name. */
export interface KindDefinition {
  readonly name: string;
  readonly group: DigestGroup;
  /**
   * `live`: ends with its owner and by the horizon. `lasting`: outlives both. `tombstone_lasts`: only its tombstone does.
   * `soft`: neither stored nor hashed.
   */
  readonly lasting: "live" | "lasting" | "tombstone_lasts" | "soft";
  readonly isDeletable: boolean;
  readonly limitPerOwner: number;
  /** A complaint about the id, or `undefined` where an owner may write a record of this kind under it. */
  checkId(id: string, owner: PeerId): string | undefined;
  /** A complaint about the body, or `undefined` where it has the kind's shape. */
  checkBody(body: JsonObject, owner: PeerId): string | undefined;
}

export type KindTable = ReadonlyMap<string, KindDefinition>;
