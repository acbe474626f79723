import { type ChildProcess, type ChildProcessWithoutNullStreams, type StdioOptions, spawn } from "node:child_process";
import { Spare } from "./spare.ts";

/** The one place of the data plane that starts processes: argument arrays only, no shell, input by stdin. */

export interface RunResult {
  /** The exit code; 124 when the time limit ended it, 127 when the program is missing. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Never throws for a failing program: the caller judges the code. */
export interface Runner {
  /** @param isDone asked while it runs: where it says true, all is done, and nobody waits for the process to end. */
  run(argv: readonly string[], stdin?: string, isDone?: (pid: number) => boolean): Promise<RunResult>;
}

export interface StartOptions {
  /** The whole environment of the child; without it, the parent's. */
  readonly env?: Record<string, string>;
  readonly stdio?: StdioOptions;
  /** Adds an IPC channel as file descriptor 3. */
  readonly ipc?: boolean;
}

/** Starts a long-running child. The caller owns it: it listens for `error` and `exit`, and ends it. */
export function startProcess(command: string, args: readonly string[], options: StartOptions = {}): ChildProcess {
  return spawn(command, [...args], {
    ...(options.env === undefined ? {} : { env: options.env }),
    stdio: stdioWithIpc(options.stdio ?? ["ignore", "pipe", "pipe"], options.ipc === true),
    ...(options.ipc === true ? { serialization: "advanced" as const } : {}),
  });
}

const DEFAULT_LIMIT_MS = 30_000;
const ASK_EVERY_MS = 1;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * The real runner. A program that outlives the limit is killed and reported with code 124.
 * @param kept is kept started, for the next run of that very command; see {@link Spare} for which programs may be.
 */
export function createRunner(limitMs: number = DEFAULT_LIMIT_MS, kept: readonly string[] = []): Runner {
  const spare = new Spare(() => startPiped(kept));
  const keptText = JSON.stringify(kept);
  return {
    run: (argv, stdin, isDone) => {
      if (argv.length === 0) return Promise.resolve({ code: 127, stdout: "", stderr: "no program was named" });
      return toEnd(JSON.stringify(argv) === keptText ? spare.take() : startPiped(argv), stdin, limitMs, isDone);
    },
  };
}

/** Runs and throws with the program's own words when it fails. */
export async function runOrThrow(runner: Runner, argv: readonly string[], stdin?: string): Promise<string> {
  const result = await runner.run(argv, stdin);
  if (result.code === 0) return result.stdout;
  throw new Error(`${argv.join(" ")} failed with code ${result.code}: ${result.stderr.trim() || "no message"}`);
}

function startPiped([command = "", ...args]: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
}

function toEnd(
  child: ChildProcessWithoutNullStreams,
  stdin: string | undefined,
  limitMs: number,
  isDone?: (pid: number) => boolean,
): Promise<RunResult> {
  return new Promise((resolve) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let size = 0;
    let cut: string | undefined;
    const end = (reason: string): void => {
      cut = reason;
      child.kill("SIGKILL");
    };
    const timer = setTimeout(() => end(`ended after ${limitMs} ms`), limitMs);
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_OUTPUT_BYTES) end("ended: too much output");
      else into.push(chunk);
    };
    child.stdout.on("data", collect(stdout));
    child.stderr.on("data", collect(stderr));
    const asking =
      isDone === undefined
        ? undefined
        : setInterval(() => {
            if (child.pid !== undefined && isDone(child.pid)) finish(0, "");
          }, ASK_EVERY_MS);
    const finish = (code: number, note: string): void => {
      clearTimeout(timer);
      clearInterval(asking);
      const text = Buffer.concat(stderr).toString("utf8");
      resolve({ code, stdout: Buffer.concat(stdout).toString("utf8"), stderr: note === "" ? text : `${text}${note}` });
    };
    child.on("error", (error) => finish(127, error.message));
    child.on("close", (code) => (cut === undefined ? finish(code ?? 1, "") : finish(124, cut)));
    // A program that exits without reading its input is judged by its code, not by the broken pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(stdin ?? "");
  });
}

function stdioWithIpc(stdio: StdioOptions, ipc: boolean): StdioOptions {
  if (!ipc) return stdio;
  const list = typeof stdio === "string" ? [stdio, stdio, stdio] : [...stdio];
  return list.includes("ipc") ? list : [...list, "ipc"];
}
