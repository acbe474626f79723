import { setTimeout as sleep } from "node:timers/promises";
import * as Flags from "@oclif/core/flags";
import type { GlobalFlags } from "./base-command.ts";
import { formatOf } from "./base-command.ts";
import type { Session } from "./session/session.ts";

const DEFAULT_INTERVAL_SECONDS = 2;
const CLEAR_SCREEN = "\u001b[2J\u001b[H";

/** For commands that show what changes by itself. */
export const watchFlags = {
  watch: Flags.boolean({ char: "w", summary: "Show it again and again until Ctrl-C." }),
  interval: Flags.integer({
    min: 1,
    max: 3600,
    helpValue: "SECONDS",
    summary: "How often with --watch. Default: 2.",
    dependsOn: ["watch"],
  }),
};

interface WatchFlags extends GlobalFlags {
  readonly watch: boolean;
  readonly interval?: number | undefined;
}

/** Shows once, or with `--watch` until the process ends: on a terminal in place, elsewhere one after the other. */
export async function showWatched(flags: WatchFlags, session: Session, showOnce: () => Promise<void>): Promise<void> {
  const isScreen = process.stdout.isTTY && formatOf(flags, session.config.preferences.output_format) === "table";
  while (true) {
    if (flags.watch && isScreen) process.stdout.write(CLEAR_SCREEN);
    await showOnce();
    if (!flags.watch) return;
    await sleep((flags.interval ?? DEFAULT_INTERVAL_SECONDS) * 1000);
  }
}
