import { byId, el, keyedList, timeElement } from "./dom.ts";
import { NOTE_CHARS } from "./note.ts";
import { createNoteCard, type NoteActions } from "./note-card.ts";
import type { Card } from "./packet.ts";
import { peopleElements, peopleHint, personElement } from "./people.ts";
import type { NoteView, PageView } from "./view.ts";

export interface PageActions extends NoteActions {
  /** Answers with a complaint, or `undefined` once the note is stored. */
  write(text: string): Promise<string | undefined>;
  add(card: Card): void;
}

/** Wires up the page's HTML; answers what brings it up to date. */
export function createPage(actions: PageActions): (view: PageView) => void {
  const app = byId("app", HTMLElement);
  const showNotes = keyedList<NoteView>(
    byId("notes", HTMLOListElement),
    ({ key }) => key,
    (note) => createNoteCard(note, actions),
  );
  const showComposer = wireComposer(actions);
  const [people, hint] = [byId("people", HTMLUListElement), byId("people-hint", HTMLParagraphElement)];
  let shownPeople = "";
  return (view) => {
    app.hidden = false;
    document.title = `Notes: ${view.me.name}`;
    byId("me", HTMLElement).replaceChildren(personElement(view.me));
    showBanner(view.writing.state === "ended" ? view.writing.reason : undefined);
    // Rebuilt only where it says something else, so that a button under the pointer stays.
    const said = JSON.stringify([view.members, view.strangers, view.joinFailure]);
    if (said !== shownPeople) {
      shownPeople = said;
      people.replaceChildren(...peopleElements(view, actions.add));
      hint.replaceChildren(...peopleHint(view));
    }
    showComposer(view);
    byId("empty", HTMLElement).hidden = view.notes.length > 0;
    showNotes(view.notes);
    showDeleted(view);
    showRefused(view);
  };
}

/** Says at the top of the page what keeps it from working, or takes it away. */
export function showBanner(text: string | undefined): void {
  const banner = byId("banner", HTMLParagraphElement);
  banner.hidden = text === undefined;
  if (banner.textContent !== (text ?? "")) banner.textContent = text ?? "";
}

function wireComposer(actions: PageActions): (view: PageView) => void {
  const [form, draft] = [byId("composer", HTMLFormElement), byId("draft", HTMLTextAreaElement)];
  const [hint, add] = [byId("composer-hint", HTMLElement), byId("add", HTMLButtonElement)];
  let complaint: string | undefined;
  let reason: string | undefined;
  const show = (): void => {
    const left = NOTE_CHARS - draft.value.length;
    hint.textContent = complaint ?? reason ?? (left < 100 ? `${left} characters left` : "");
    hint.classList.toggle("complaint", complaint !== undefined);
    add.disabled = reason !== undefined || draft.value.trim() === "";
  };
  draft.maxLength = NOTE_CHARS;
  draft.oninput = () => {
    complaint = undefined;
    show();
  };
  draft.onkeydown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(add);
  };
  form.onsubmit = async (event) => {
    event.preventDefault();
    add.disabled = true;
    complaint = await actions.write(draft.value);
    if (complaint === undefined) draft.value = "";
    show();
  };
  return ({ writing }) => {
    reason = writing.state === "open" ? undefined : writing.reason;
    show();
  };
}

function showDeleted({ deleted }: PageView): void {
  byId("deleted-part", HTMLElement).hidden = deleted.length === 0;
  byId("deleted-title", HTMLElement).textContent = `Deleted for good (${deleted.length})`;
  byId("deleted", HTMLElement).replaceChildren(
    ...deleted.map(({ author, deletedAt, isVerified }) =>
      el(
        "li",
        {},
        `A note by ${author.name} `,
        el("code", {}, author.mark),
        ", deleted ",
        timeElement(deletedAt),
        isVerified ? ", signature verified" : ", signature does not fit",
      ),
    ),
  );
}

function showRefused({ refusals }: PageView): void {
  const count = refusals.reduce((sum, refusal) => sum + refusal.count, 0);
  byId("refused-part", HTMLElement).hidden = count === 0;
  byId("refused-title", HTMLElement).textContent = `Refused by this page (${count})`;
  byId("refused", HTMLElement).replaceChildren(
    ...refusals.map(({ at, who, message, count: times }) =>
      el("li", {}, timeElement(at), ` On the link with ${who}: ${message}${times > 1 ? ` (${times} times)` : ""}.`),
    ),
  );
}
