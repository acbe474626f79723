import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Ledger, readLedger } from "../../examples/quickstart/ledger.ts";
import { takeLock } from "../../examples/quickstart/lock.ts";
import { startProcess } from "../../examples/quickstart/processes.ts";
import { removeAll, startTicksOf } from "../../examples/quickstart/remove.ts";
import { openRun } from "../../examples/quickstart/run.ts";
import { Screen } from "../../examples/quickstart/screen.ts";

/** What the quickstart's next start relies on after whatever ended the last; without root, on real processes. */
let folder = "";
let directory = "";
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync("/tmp/arctic-removal-test-");
  directory = join(folder, "run");
  mkdirSync(directory, { mode: 0o700 });
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describe("removing what a dead run has left", () => {
  test("ends a process whose pid and start time are the ledger's", async () => {
    const { child, pid, ended } = sleeper();
    const ledger = new Ledger(directory, "000000");
    ledger.addProcess({ name: "sleeper", pid, start_ticks: startTicksOf(pid) ?? "" });
    await removeAll(readLedger(directory) ?? ledger.state, directory);
    await ended;
    expect(child.signalCode).toBe("SIGKILL");
    expect(existsSync(directory)).toBe(false);
  });

  test("leaves a process alone that only has the pid", async () => {
    const { child, pid } = sleeper();
    const ledger = new Ledger(directory, "000000");
    ledger.addProcess({ name: "another's by now", pid, start_ticks: "1" });
    await removeAll(ledger.state, directory);
    expect(startTicksOf(pid)).toBeDefined();
    expect(child.signalCode).toBe(null);
  });

  test("takes away a directory that it made, but not what others have put there", async () => {
    const [empty, used] = [join(folder, "empty"), join(folder, "used")];
    const ledger = new Ledger(directory, "000000");
    for (const path of [empty, used, join(folder, "never made")]) ledger.addDirectory(path);
    mkdirSync(empty);
    mkdirSync(used);
    writeFileSync(join(used, "another's"), "");
    await removeAll(ledger.state, directory);
    expect([existsSync(empty), existsSync(used)]).toEqual([false, true]);
  });

  test("can be repeated", async () => {
    const ledger = new Ledger(directory, "000000");
    ledger.addNamespace("arctic-000000-never-made");
    await removeAll(ledger.state, directory);
    await removeAll(ledger.state, directory);
    expect(existsSync(directory)).toBe(false);
  });
});

describe("starting a process", () => {
  test("the program runs only when the ledger names it", async () => {
    const proof = join(folder, "ran");
    const ledger = new Ledger(directory, "000000");
    const argv = ["sh", "-c", `cp "$1" "$2"`, "sh", join(directory, "state.json"), proof];
    const running = startProcess(ledger, { name: "copier", argv, logPath: join(folder, "logs", "copier.log") });
    await running.ended;
    expect(existsSync(proof)).toBe(true);
    expect(readLedger(directory)?.processes.map(({ name }) => name)).toEqual(["copier"]);
  });
});

describe("opening a run", () => {
  const screen = new Screen(process.stderr);
  const signal = new AbortController().signal;

  test("refuses a directory that holds something else", async () => {
    writeFileSync(join(directory, "someone's work"), "");
    await expect(openRun(directory, screen, signal)).rejects.toThrow("holds something else");
    expect(existsSync(join(directory, "someone's work"))).toBe(true);
  });

  test("refuses a directory that others could have written", async () => {
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    await expect(openRun(directory, screen, signal)).rejects.toThrow("holds something else");
  });
});

describe("the lock of a run directory", () => {
  test("is refused while its owner lives, with the owner's pid, and free when it has let go", async () => {
    const first = await takeLock(directory);
    if ("heldBy" in first) throw new Error("it was not free");
    expect(await takeLock(directory, 300)).toEqual({ heldBy: String(process.pid) });
    first.release();
    const second = await takeLock(directory, 300);
    expect(second).not.toHaveProperty("heldBy");
    if (!("heldBy" in second)) second.release();
  });

  test("is waited for while its owner removes what it made", async () => {
    const first = await takeLock(directory);
    if ("heldBy" in first) throw new Error("it was not free");
    first.stopping();
    setTimeout(first.release, 700);
    const second = await takeLock(directory, 100);
    expect(second).not.toHaveProperty("heldBy");
    if (!("heldBy" in second)) second.release();
  });
});

function sleeper() {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  started.push(child);
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  if (child.pid === undefined) throw new Error("sleep could not be started");
  return { child, pid: child.pid, ended };
}
