/** The element of the page's own HTML with this id. Throws where the HTML has another shape than the script expects. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
  return element;
}

/** A new element. What people wrote goes in as text, never as HTML. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<Omit<HTMLElementTagNameMap[K], "style" | "dataset">>,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** An item's element and how it takes news: what a person is doing in it goes on. */
export interface Piece<T> {
  readonly element: HTMLElement;
  update(item: T): void;
}

/** Keeps a list's elements in step with its items: the same key, the same element. */
export function keyedList<T>(list: HTMLElement, keyOf: (item: T) => string, create: (item: T) => Piece<T>) {
  const pieceByKey = new Map<string, Piece<T>>();
  return (items: readonly T[]): void => {
    const keys = new Set(items.map(keyOf));
    for (const [key, { element }] of pieceByKey) {
      if (keys.has(key)) continue;
      element.remove();
      pieceByKey.delete(key);
    }
    items.forEach((item, index) => {
      const key = keyOf(item);
      const piece = pieceByKey.get(key) ?? create(item);
      pieceByKey.set(key, piece);
      piece.update(item);
      // An element that is moved loses its focus, so it is moved only where it has to be.
      if (list.children[index] !== piece.element) list.insertBefore(piece.element, list.children[index] ?? null);
    });
  };
}

/** A time of day, with the date where it was another day. */
export function timeElement(at: number): HTMLTimeElement {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const text = isToday
    ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return el("time", { dateTime: date.toISOString(), title: date.toLocaleString() }, text);
}
