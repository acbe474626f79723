import {
  checkRecordProof,
  isTombstone,
  type LiveRecord,
  type Millis,
  msFromRfc3339,
  nobleCrypto,
  type PeerId,
  type SignedRecord,
  versionAt,
} from "@arctic/core";
import type { Host, Refusal } from "./host.ts";
import { NOTE_KIND, type NoteBody } from "./note.ts";
import type { Card } from "./packet.ts";

/** Somebody, as the page shows them. The name is their own word; the mark is a part of their id, which commits to their key. */
export interface Person {
  readonly peerId: string;
  readonly name: string;
  readonly mark: string;
  readonly isMe: boolean;
}

export interface NoteView {
  readonly key: string;
  readonly record: LiveRecord;
  readonly author: Person;
  readonly text: string;
  readonly createdAt: Millis;
  readonly signedAt: Millis;
  /** What this page found when it checked the signature of what it is about to show. */
  readonly isVerified: boolean;
}

export interface DeletedView {
  readonly key: string;
  readonly author: Person;
  readonly deletedAt: Millis;
  readonly isVerified: boolean;
}

/** Whether the person may write, or why not yet or not any more. */
export type Writing = { readonly state: "open" } | { readonly state: "waiting" | "ended"; readonly reason: string };

export interface PageView {
  readonly me: Person;
  readonly writing: Writing;
  /** The newest first. */
  readonly notes: readonly NoteView[];
  readonly deleted: readonly DeletedView[];
  readonly members: readonly { readonly person: Person; readonly isLinked: boolean }[];
  /** Pages that are here and that nobody of the members has added. */
  readonly strangers: readonly { readonly person: Person; readonly card: Card }[];
  readonly refusals: readonly (Refusal & { readonly who: string })[];
  /** Why the last add came to nothing, in words. */
  readonly joinFailure: string | undefined;
}

/** Everything that the page shows, from what the node holds. */
export function pageView(host: Host, now: Millis): PageView {
  const { node, card, cardByPeer, refusals } = host;
  const person = (peerId: string): Person => personOf(host, peerId);
  const held = [...node.registry.all()].filter(({ kind }) => kind === NOTE_KIND);
  const members = node.peers.list().filter(({ standing }) => standing === "member");
  return {
    me: person(card.peer_id),
    writing: writingOf(host, now),
    notes: node.registry
      .live(NOTE_KIND)
      .map((record) => noteView(record, person(record.owner)))
      .sort((a, b) => b.createdAt - a.createdAt || (a.key < b.key ? -1 : 1)),
    deleted: held
      .filter(isTombstone)
      .map((record) => ({
        key: keyOf(record),
        author: person(record.owner),
        deletedAt: versionAt(record.version),
        isVerified: isVerified(record),
      }))
      .sort((a, b) => b.deletedAt - a.deletedAt),
    members: members.map(({ peerId, link }) => ({ person: person(peerId), isLinked: link !== undefined })),
    strangers: [...cardByPeer.values()]
      .filter(({ peer_id }) => node.peers.get(peer_id) === undefined)
      .map((stranger) => ({ person: personFrom(stranger.peer_id, stranger.name, false), card: stranger })),
    refusals: refusals.map((refusal) => ({
      ...refusal,
      who: refusal.from === undefined ? "" : person(refusal.from).name,
    })),
    joinFailure: joinFailureOf(host),
  };
}

function noteView(record: LiveRecord, author: Person): NoteView {
  // The kind's own check let this body in.
  const body = record.body as unknown as NoteBody;
  return {
    key: keyOf(record),
    record,
    author,
    text: body.text,
    createdAt: msFromRfc3339(body.created_at) ?? 0,
    signedAt: versionAt(record.version),
    isVerified: isVerified(record),
  };
}

function writingOf(host: Host, now: Millis): Writing {
  const { cluster } = host.node;
  if (host.failure !== undefined) return { state: "ended", reason: host.failure };
  if (cluster.isCloned)
    return { state: "ended", reason: "Another running page uses this identity, so this one has stopped writing." };
  if (cluster.writesFrom > now)
    return { state: "waiting", reason: "Asking the others first what they hold of your notes: ten seconds at most." };
  return { state: "open" };
}

function joinFailureOf({ joinFailure }: Host): string | undefined {
  if (joinFailure === undefined) return undefined;
  return joinFailure.code === "handshake_refused"
    ? "They did not let you in: who already has company is reached only by those whom they add. So ask them to add you there."
    : `They could not be added: ${joinFailure.message}.`;
}

function personOf({ node, card }: Host, peerId: string): Person {
  const isMe = peerId === card.peer_id;
  const record = node.registry.get("peer", peerId as PeerId, peerId);
  const isNamed = record !== undefined && !isTombstone(record) && typeof record.body.name === "string";
  return personFrom(peerId, isMe ? card.name : isNamed ? String(record.body.name) : "somebody", isMe);
}

function personFrom(peerId: string, name: string, isMe: boolean): Person {
  return { peerId, name, mark: peerId.slice(-8), isMe };
}

function keyOf({ owner, id }: SignedRecord): string {
  return `${owner}/${id}`;
}

const verdictByRecord = new WeakMap<SignedRecord, boolean>();

/** Core lets nothing in that does not verify, and trusts the disk afterwards. The page checks again what it shows. */
function isVerified(record: SignedRecord): boolean {
  const known = verdictByRecord.get(record);
  if (known !== undefined) return known;
  const verdict = checkRecordProof(nobleCrypto, record).ok;
  verdictByRecord.set(record, verdict);
  return verdict;
}
