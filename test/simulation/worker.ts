import { scenarioNamed } from "./options.ts";
import type { RunResult } from "./scenarios.ts";

/** What the parent asks for: one seed at a time, so that both cores are busy to the end. */
export interface Order {
  readonly scenario: string;
  readonly peers: number;
  readonly seed: number;
}

/** A run's result, or the error that ended it. */
export type Answer = { readonly seed: number } & ({ readonly result: RunResult } | { readonly error: string });

process.on("message", (order: Order) => process.send?.(answerTo(order)));
process.on("disconnect", () => process.exit());

function answerTo({ scenario, peers, seed }: Order): Answer {
  try {
    const result = scenarioNamed(scenario)?.run(seed, peers);
    return result === undefined ? { seed, error: `no scenario ${scenario}` } : { seed, result };
  } catch (error) {
    return {
      seed,
      error: error instanceof Error ? `${error.message} ${error.stack?.split("\n")[1]?.trim() ?? ""}` : String(error),
    };
  }
}
