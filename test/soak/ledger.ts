/**
 * What clients were told of their writes, held against what agents answer in the end. A thing has a name that is used
 * once and a number that its writer counts up. One write a thing is under way at a time; after one whose outcome is not
 * known nothing more is written to it, so that a late effect cannot be mistaken for a lost one.
 */
export type Value = number | "absent";

interface Entry {
  /** The last acknowledged value. */
  value: Value;
  /** What a write without an answer may have made of it. */
  perhaps: Value | undefined;
  /** The value was there once, acknowledged. */
  wasMade: boolean;
}

export interface Complaint {
  readonly kind: "lost" | "resurrected" | "unknown" | "wrong";
  readonly where: string;
  readonly name: string;
  readonly expected: string;
  readonly found: Value;
}

export class Ledger {
  readonly #entryByName = new Map<string, Entry>();
  acknowledged = 0;
  refused = 0;
  unanswered = 0;

  /** A write is about to be sent. */
  begun(name: string, value: Value): void {
    const entry = this.#entryByName.get(name) ?? { value: "absent", perhaps: undefined, wasMade: false };
    if (entry.perhaps !== undefined) throw new Error(`${name} is written while the outcome of a write is open`);
    entry.perhaps = value;
    this.#entryByName.set(name, entry);
  }

  acknowledge(name: string): void {
    const entry = this.#entry(name);
    if (entry.perhaps === undefined) throw new Error(`${name}: nothing was begun`);
    entry.value = entry.perhaps;
    entry.perhaps = undefined;
    entry.wasMade ||= entry.value !== "absent";
    this.acknowledged += 1;
  }

  /** The agent said that nothing was changed. */
  refuse(name: string): void {
    this.#entry(name).perhaps = undefined;
    this.refused += 1;
  }

  /** No answer, or one that leaves it open: the thing is not written again. */
  leaveOpen(): void {
    this.unanswered += 1;
  }

  isOpen(name: string): boolean {
    return this.#entryByName.get(name)?.perhaps !== undefined;
  }

  /** What is wrong with the things that an agent answers with. */
  check(where: string, found: ReadonlyMap<string, number>): Complaint[] {
    const complaints: Complaint[] = [];
    for (const [name, { value, perhaps, wasMade }] of this.#entryByName) {
      const is = found.get(name) ?? "absent";
      if (is === value || is === perhaps) continue;
      const expected = perhaps === undefined ? String(value) : `${value} or ${perhaps}`;
      const kind = value === "absent" && wasMade ? "resurrected" : isOlder(is, value) ? "lost" : "wrong";
      complaints.push({ kind, where, name, expected, found: is });
    }
    for (const [name, value] of found)
      if (!this.#entryByName.has(name))
        complaints.push({ kind: "unknown", where, name, expected: "absent", found: value });
    return complaints;
  }

  #entry(name: string): Entry {
    const entry = this.#entryByName.get(name);
    if (entry === undefined) throw new Error(`${name} was never begun`);
    return entry;
  }
}

function isOlder(found: Value, acknowledged: Value): boolean {
  return found === "absent" || (acknowledged !== "absent" && found < acknowledged);
}
