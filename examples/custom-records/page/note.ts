import { type JsonObject, type KindDefinition, msFromRfc3339 } from "@arctic/core";

export const NOTE_KIND = "app.note";
/** In UTF-16 units, so that a note stays below core's 8 KiB a record whatever is in it. */
export const NOTE_CHARS = 1000;

/** What a note says. The envelope around it says who wrote it and when it was last changed, and proves both. */
export interface NoteBody {
  readonly text: string;
  /** RFC 3339, UTC: kept over edits. The author's word, as everything in a body is. */
  readonly created_at: string;
}

/**
 * The application's own kind of record. Core signs, checks, stores, replicates, renews and deletes it without knowing
 * what a note is; all that it asks is whether an id and a body are right.
 */
export const noteKind: KindDefinition = {
  name: NOTE_KIND,
  group: "others",
  lasting: "live",
  isDeletable: true,
  limitPerOwner: 100,
  checkId: (id) => (/^[0-9a-f-]{36}$/.test(id) ? undefined : "a note's id is a UUID in lower case"),
  checkBody: complaintOfNote,
};

/** What a person typed, as it is kept: line ends alike, no empty space around it. */
export function tidyText(typed: string): string {
  return typed.replaceAll("\r\n", "\n").trim();
}

function complaintOfNote({ text, created_at }: JsonObject): string | undefined {
  if (typeof text !== "string" || text.trim() === "") return "a note has a text";
  if (text.length > NOTE_CHARS) return `a note has at most ${NOTE_CHARS} characters`;
  if (typeof created_at !== "string" || msFromRfc3339(created_at) === undefined)
    return "a note says when it was created (RFC 3339, UTC)";
  return undefined;
}
