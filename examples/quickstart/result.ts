import type { Screen } from "./screen.ts";
import { table } from "./table.ts";

/** Which counter must account for a check: bytes toward the client of Pegasus, packets each way of Tempest. */
export type Claim = { service: string; engine: "pegasus" | "tempest"; amount: number };

export type Check = {
  name: string;
  ok: boolean;
  claim?: Claim;
  /** Set when the counters at both ends bore the claim out. */
  carried_by?: string;
  amount?: string;
  rate?: string;
  /** What proves it, or what was wrong. */
  detail: string;
  /** Names of the logs that tell more, where it failed. */
  logs?: string[];
};

export type Result = {
  run_id: string;
  ok: boolean;
  mode: "traffic" | "control-plane";
  /** Why there was no traffic. */
  missing: string[];
  checks: Check[];
};

/** Collects the checks of a run; a failed one is told at once. */
export class Checks {
  readonly all: Check[] = [];
  readonly #screen: Screen;
  readonly #signal: AbortSignal;

  /** Once `signal` is aborted no check is made and none fails: what it throws then goes on. */
  constructor(screen: Screen, signal: AbortSignal) {
    this.#screen = screen;
    this.#signal = signal;
  }

  get ok(): boolean {
    return this.all.length > 0 && this.all.every(({ ok }) => ok);
  }

  /** Runs one check as a step; what it throws makes it a failed one, and the next can still be made. */
  async make(name: string, logs: string[], work: () => Promise<Omit<Check, "name" | "ok">>): Promise<void> {
    this.#signal.throwIfAborted();
    try {
      await this.#screen.step(name, async () => {
        const made = await work();
        this.all.push({ name, ok: true, ...made });
        return made.detail === "" ? undefined : made.detail;
      });
    } catch (error) {
      this.#signal.throwIfAborted();
      const detail = (error as Error).message;
      this.all.push({ name, ok: false, detail, logs });
      this.#screen.line(indented(detail));
    }
  }

  /** The same for a step without which the rest means nothing: throws `Stopped` when it fails. */
  async need(name: string, logs: string[], work: () => Promise<string | undefined>): Promise<void> {
    await this.make(name, logs, async () => ({ detail: (await work()) ?? "" }));
    if (this.all.at(-1)?.ok !== true) throw new Stopped();
  }

  table(): string {
    const rows = this.all
      .filter(({ amount, ok }) => amount !== undefined || !ok)
      .map(({ name, carried_by, amount, rate, ok, detail }) => [
        name,
        carried_by ?? "not shown",
        amount ?? "-",
        rate ?? "-",
        `${ok ? "✓" : "✗"} ${detail.split("\n")[0]}`,
      ]);
    return table([["what", "carried by", "amount", "rate", "check"], ...rows]);
  }
}

/** A step failed that the rest needs; it is among the checks. */
export class Stopped extends Error {}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
