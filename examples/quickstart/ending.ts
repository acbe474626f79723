import { readFileSync } from "node:fs";
import type { Arctic } from "./cluster.ts";
import type { Running } from "./processes.ts";
import type { Checks } from "./result.ts";
import { logPath, type Run } from "./run.ts";

/** What a person sees when the checks have been made: the table, the cluster's own status, the verdict. */
export async function tellEnd(run: Run, checks: Checks, arctic: Arctic | undefined): Promise<void> {
  const { screen } = run;
  if (checks.all.some(({ amount }) => amount !== undefined)) {
    screen.heading("What was carried by what");
    screen.line(checks.table());
  }
  if (arctic !== undefined) {
    const { code, stdout } = await arctic.finish("cluster", "status");
    if (code === 0) {
      screen.heading("arctic cluster status");
      screen.line(stdout.trimEnd());
    }
  }
  const failed = checks.all.filter(({ ok }) => !ok);
  screen.line(
    failed.length === 0
      ? `\n${checks.all.length} checks, all held.`
      : `\nFailed: ${failed.map(({ name }) => name).join("; ")}`,
  );
}

/** A run that ends removes its logs, so what they say last is told before. */
export function tellLogs(run: Run, checks: Checks): void {
  const names = new Set(checks.all.filter(({ ok }) => !ok).flatMap(({ logs = [] }) => logs));
  for (const name of names) {
    run.screen.heading(`last lines of the log of ${name}`);
    run.screen.line(lastLines(logPath(run, name), 20));
  }
}

function lastLines(path: string, count: number): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-count).join("\n");
  } catch {
    return "(no log)";
  }
}

/** Resolves when the run is to end. Until then says which process has ended by itself. */
export async function stayUp(run: Run, arctic: Arctic | undefined, checks: Checks): Promise<void> {
  const { screen } = run;
  if (!checks.ok) screen.line(`The logs are in ${run.directory}/logs`);
  if (arctic !== undefined) {
    screen.heading("Try next");
    for (const words of [
      "cluster status",
      "peers list",
      "services list",
      "services get server-lan",
      "compose export",
    ]) {
      screen.line(`  ${arctic.scriptPath} ${words}`);
    }
  }
  screen.line("\nUp until Ctrl-C.");
  const told = new Set<Running>();
  const watch = setInterval(() => {
    for (const one of run.processes.filter((process) => process.hasEnded() && !told.has(process))) {
      told.add(one);
      screen.line(`${screen.mark(false)} ${one.name} has ended by itself: see ${one.logPath}`);
    }
  }, 1_000);
  await new Promise<void>((resolve) => {
    run.signal.addEventListener("abort", () => resolve(), { once: true });
    if (run.signal.aborted) resolve();
  });
  clearInterval(watch);
}
