import type { SignatureCheck } from "../crypto/crypto.ts";
import type { ClientId, ClusterId, PeerId } from "../identity/id.ts";
import type { License } from "../license/license.ts";
import type { LicenseState } from "../license/license-state.ts";
import type { DigestGroup } from "../registry/kind.ts";
import type { LiveRecord, SignedRecord } from "../registry/record.ts";
import type { Millis } from "../time.ts";
import type { AcceptedSecret } from "../trust/secrets.ts";
import type { LinkId } from "./input.ts";

/** SHA-256 of each part of the registry, base64url. */
export type RegistryHashes = Readonly<Record<DigestGroup, string>>;

/** What a peer holds. Records that ended with their owner are not in it. */
export interface RegistryView {
  readonly size: number;
  readonly hashes: RegistryHashes;
  /** The record under a key, a tombstone too. A live one whose body this version cannot read is not given. */
  get(kind: string, owner: PeerId, id: string): SignedRecord | undefined;
  /** Live records of a kind whose bodies this version can read, in the order of (owner, id). */
  live(kind: string): readonly LiveRecord[];
  /** Every record that is held, read or not. */
  all(): Iterable<SignedRecord>;
  /**
   * The signatures that a received text makes the node check: those of records that are not held. For a host with
   * threads, which checks them beforehand and passes a `Crypto` that remembers the verdicts.
   */
  signaturesIn(text: string): readonly SignatureCheck[];
}

/** One other peer, as this one sees it now. */
export interface PeerView {
  readonly peerId: PeerId;
  readonly publicKey: string | undefined;
  /** `member`: trusted. `left`, `revoked`: ended for ever. `vouched`: linked, its admission not yet here. */
  readonly standing: "member" | "left" | "revoked" | "vouched";
  readonly reachability: "connected" | "idle" | "unreachable";
  /** The authenticated link, while there is one. */
  readonly link: LinkId | undefined;
  readonly rttMs: number | undefined;
  readonly lastSeenAt: Millis | undefined;
  readonly lastHandshakeAt: Millis | undefined;
  /** Its clock minus ours, as of its last heartbeat. */
  readonly skewMs: number | undefined;
  /** As of its last heartbeat on the present link. */
  readonly hashes: RegistryHashes | undefined;
  readonly introducedBy: PeerId | undefined;
  /** How many members say that they reach it, this one included. Beyond 32 members each speaks of a few. */
  readonly reachedBy: number;
  /** The members who said that it is gone, since somebody last said that it answers; by id. */
  readonly unreachedBy: readonly PeerId[];
  readonly provenAddresses: readonly string[];
}

/** The peers that this one knows. */
export interface PeersView {
  /** All but this peer itself, by id. */
  list(): readonly PeerView[];
  get(peer: PeerId): PeerView | undefined;
  isMember(peer: PeerId): boolean;
  /** What linked peers last said that they hold. */
  hashes(): Iterable<readonly [PeerId, RegistryHashes]>;
}

/** Two contents that one owner signed under one version. */
export interface Equivocation {
  readonly kept: SignedRecord;
  readonly other: SignedRecord;
}

/** The cluster, its license and this peer's place in it. */
export interface ClusterView {
  /** The id that holds, and the others that members still bear. */
  readonly id: ClusterId;
  readonly mintedBy: PeerId;
  readonly aliases: readonly ClusterId[];
  readonly license: License;
  /** What the license allows: the state that its dates name, or one on the way there. */
  readonly licenseState: LicenseState;
  /** Until when a first contact is accepted without an introduction; absent where the door is shut. */
  readonly freshUntil: Millis | undefined;
  /** The secrets of a client that open now: the current one, and those that another one replaced within a day. */
  acceptedSecrets(client: ClientId): readonly AcceptedSecret[];
  readonly isCloned: boolean;
  /** From when on writes are taken: right after a start a peer hears first what others hold of its records. 0 once it has. */
  readonly writesFrom: Millis;
  /** How often an owner was seen to sign two contents under one version, and the latest 16 pairs. */
  readonly equivocations: { readonly count: number; readonly evidence: readonly Equivocation[] };
  /** License hashes that linked peers name and that are not the one held here: unrelated licenses, or one on its way. */
  readonly otherLicenseHashes: readonly string[];
  readonly hasLeft: boolean;
}
