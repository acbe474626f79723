import { el } from "./dom.ts";
import type { Card } from "./packet.ts";
import type { PageView, Person } from "./view.ts";

/** A person's initial, name and mark. */
export function personElement({ name, mark, peerId, isMe }: Person): HTMLElement {
  const avatar = el("span", { className: "avatar", ariaHidden: "true" }, name.slice(0, 1).toUpperCase());
  avatar.style.setProperty("--hue", String(hueOf(peerId)));
  const label = el("span", { className: "name" }, isMe ? `${name} (you)` : name);
  const words = el("span", { className: "words" }, label, el("code", {}, mark));
  return el("span", { className: "person", title: peerId }, avatar, words);
}

/** Who belongs, and who is here and could be added. */
export function peopleElements({ members, strangers }: PageView, onAdd: (card: Card) => void): HTMLElement[] {
  return [
    ...members.map(({ person, isLinked }) =>
      el(
        "li",
        { className: isLinked ? "chip linked" : "chip" },
        personElement(person),
        el("span", { className: "state" }, isLinked ? "linked" : "away"),
      ),
    ),
    ...strangers.map(({ person, card }) => {
      const button = el("button", { type: "button", className: "small", ariaLabel: `Add ${person.name}` }, "Add");
      button.onclick = () => {
        button.disabled = true;
        onAdd(card);
      };
      return el("li", { className: "chip stranger" }, personElement(person), button);
    }),
  ];
}

/** What to do next, as long as somebody is missing. */
export function peopleHint({ me, members, strangers, joinFailure }: PageView): readonly (Node | string)[] {
  if (joinFailure !== undefined) return [joinFailure];
  if (strangers.length > 0)
    return ["Seeing somebody is not trusting them. Compare the mark with the one on their own page, then add them."];
  if (members.length > 0) return [];
  const other = me.name === "bob" ? "alice" : "bob";
  const link = el("a", { href: `/?name=${other}`, target: "_blank" }, `Open this page as ${other}`);
  return ["You are alone. ", link, " in another tab of this browser, then add them here."];
}

function hueOf(peerId: string): number {
  let hash = 0;
  for (const letter of peerId) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return hash;
}
