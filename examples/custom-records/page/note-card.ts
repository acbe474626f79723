import { el, type Piece, timeElement } from "./dom.ts";
import { NOTE_CHARS } from "./note.ts";
import { personElement } from "./people.ts";
import type { NoteView } from "./view.ts";

/** What a person may do to a note. Each answers with a complaint, or `undefined` once it is done. */
export interface NoteActions {
  edit(note: NoteView, text: string): Promise<string | undefined>;
  remove(note: NoteView): Promise<string | undefined>;
  forge(note: NoteView): string;
}

/** A note on the page: shown, being edited, or about to be deleted. */
export function createNoteCard(first: NoteView, actions: NoteActions): Piece<NoteView> {
  let note = first;
  const body = el("div", { className: "note-body" });
  const tools = el("div", { className: "tools" });
  const message = el("p", { className: "message", hidden: true });
  message.setAttribute("role", "status");
  const proof = el("details", { className: "proof" });
  const head = el("div", { className: "note-head" });
  const element = el(
    "li",
    { className: "card note" },
    head,
    body,
    message,
    el("div", { className: "note-foot" }, proof, tools),
  );
  let isBusyWithPerson = false;

  const say = (text: string | undefined, className = "message complaint"): void => {
    Object.assign(message, { hidden: text === undefined, className, textContent: text ?? "" });
  };

  const show = (): void => {
    isBusyWithPerson = false;
    body.replaceChildren(textElement(note));
    tools.replaceChildren(
      ...(note.author.isMe
        ? [button("Edit", "quiet", edit), button("Delete", "quiet", confirm)]
        : [button("Try to forge", "quiet", () => say(actions.forge(note), "message"))]),
    );
  };

  const edit = (): void => {
    isBusyWithPerson = true;
    say(undefined);
    const area = el("textarea", { value: note.text, rows: 4, maxLength: NOTE_CHARS, ariaLabel: "Text of the note" });
    const save = async (): Promise<void> => {
      const complaint = await actions.edit(note, area.value);
      if (complaint === undefined) show();
      say(complaint);
    };
    area.onkeydown = (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void save();
      if (event.key === "Escape") show();
    };
    body.replaceChildren(area);
    tools.replaceChildren(
      button("Cancel", "quiet", show),
      button("Save", "small primary", () => void save()),
    );
    area.focus();
  };

  const confirm = (): void => {
    isBusyWithPerson = true;
    say(undefined);
    const remove = button("Delete for good", "small danger", async () => {
      remove.disabled = true;
      const complaint = await actions.remove(note);
      if (complaint !== undefined) show();
      say(complaint);
    });
    tools.replaceChildren(button("Keep", "quiet", show), remove);
    remove.focus();
  };

  const update = (next: NoteView): void => {
    const isSame = next.record === note.record && next.author.name === note.author.name;
    note = next;
    if (isSame && head.childElementCount > 0) return;
    head.replaceChildren(personElement(note.author), timeElement(note.createdAt));
    proof.replaceChildren(...proofElements(note));
    proof.classList.toggle("broken", !note.isVerified);
    if (!isBusyWithPerson) show();
  };
  return { element, update };
}

function textElement({ isVerified, text }: NoteView): HTMLElement {
  return isVerified
    ? el("p", { className: "text" }, text)
    : el("p", { className: "complaint" }, "What this browser has stored here is not what the author signed.");
}

function proofElements({ isVerified, author, record, signedAt }: NoteView): HTMLElement[] {
  const verdict = isVerified ? "Signature verified" : "Signature does not fit";
  const signed = el("dd", {}, timeElement(signedAt), ` (version ${record.version})`);
  return [
    el("summary", {}, verdict),
    el(
      "dl",
      {},
      ...row("Author", `${author.name}, by their own word`),
      ...row("Peer id", record.owner),
      ...row("Public key", record.key),
      ...row("Signature", record.signature),
      el("dt", {}, "Signed"),
      signed,
    ),
  ];
}

function row(term: string, value: string): HTMLElement[] {
  return [el("dt", {}, term), el("dd", {}, value)];
}

function button(label: string, className: string, onClick: () => void): HTMLButtonElement {
  return el("button", { type: "button", className, onclick: onClick }, label);
}
