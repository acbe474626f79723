import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programArguments } from "../../../../test/support/programs.ts";

const LIMIT_MS = 50_000;
/** The home of whoever runs the command here, so that a test leaves nothing in its caller's. */
const HOME = mkdtempSync(join(tmpdir(), "arctic-home-"));
process.on("exit", () => rmSync(HOME, { recursive: true, force: true }));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command with nothing of the caller's environment but PATH. */
export function runArctic(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...programArguments("arctic"), ...args], {
      env: { PATH: process.env.PATH, HOME, NO_COLOR: "1", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LIMIT_MS,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** A file that runs the program, for what starts it by a path. Answers with the path. */
export function launcher(directory: string, name: Parameters<typeof programArguments>[0] = "arctic"): string {
  const path = join(directory, name);
  const words = [process.execPath, ...programArguments(name)].map((word) => `"${word}"`).join(" ");
  writeFileSync(path, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  return path;
}

/** The command as one person uses it: always in the same environment. */
export interface Person {
  arctic(...args: string[]): Promise<Ran>;
  /** What it prints on stdout. Throws where it does not end with 0. */
  ok(...args: string[]): Promise<string>;
  /** The same with `--json`, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: each command has a value of its own, which its test knows.
  json(...args: string[]): Promise<any>;
}

export function personWith(environmentOf: () => Readonly<Record<string, string>>): Person {
  const arctic = (...args: string[]) => runArctic(args, environmentOf());
  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await arctic(...args);
    if (code !== 0) throw new Error(`arctic ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  };
  return { arctic, ok, json: async (...args) => JSON.parse(await ok(...args, "--json")) };
}
