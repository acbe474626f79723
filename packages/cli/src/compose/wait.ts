import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, ConnectionError } from "@arctic/agent/client";
import { EXIT, Failure } from "../failure.ts";

/** Asks again and again until `missing` is empty. After the limit it throws a Failure that says what is still missing. */
export async function waitUntil(
  what: string,
  limitMs: number,
  missing: () => Promise<readonly string[]>,
): Promise<void> {
  const endAt = Date.now() + limitMs;
  let pauseMs = 100;
  while (true) {
    const left = await missing();
    if (left.length === 0) return;
    if (Date.now() >= endAt) {
      throw new Failure(
        EXIT.general,
        "NOT_SETTLED",
        `${what} took longer than ${limitMs / 1000} s: ${left.join("; ")}.`,
        {
          next: "What was done stays done. Run the same command again to go on from here.",
          details: { missing: left },
        },
      );
    }
    await sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, 2000);
  }
}

/** What a peer does not know yet, or why it could not be asked yet: both pass with time. */
export async function askedOf(name: string, ask: () => Promise<readonly string[]>): Promise<string[]> {
  try {
    return (await ask()).map((missing) => `${name}: ${missing}`);
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof ApiError) return [`${name}: ${error.message}`];
    throw error;
  }
}
