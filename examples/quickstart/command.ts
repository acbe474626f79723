import { execFile } from "node:child_process";

export type CommandOptions = {
  stdin?: string;
  env?: Record<string, string>;
  timeoutMs?: number;
  signal?: AbortSignal;
};

export type Finished = { code: number; stdout: string; stderr: string };

/** Runs a command to its end, at most `timeoutMs` (default 30 s). */
export function finish(argv: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  const [command = "", ...args] = argv;
  const { stdin, env, timeoutMs = 30_000, signal } = options;
  return new Promise((resolve) => {
    const limits = { timeout: timeoutMs, killSignal: "SIGKILL" as const, maxBuffer: 16 * 1024 * 1024 };
    const settings = { ...limits, env: { ...process.env, ...env }, ...(signal === undefined ? {} : { signal }) };
    const child = execFile(command, args, settings, (error, stdout, stderr) => {
      if (error === null) return resolve({ code: 0, stdout, stderr });
      const ended = error.killed === true ? `did not end within ${timeoutMs / 1000} s` : error.message;
      resolve({
        code: typeof error.code === "number" ? error.code : 1,
        stdout,
        stderr: stderr === "" ? ended : stderr,
      });
    });
    // A command that ends without reading its input is judged by its exit code.
    child.stdin?.on("error", () => {});
    child.stdin?.end(stdin ?? "");
  });
}

/** The same for a command that must succeed; gives its standard output. */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await finish(argv, options);
  if (code === 0) return stdout;
  throw new Error(
    `${argv.join(" ")}: exit ${code}\n${[stderr.trim(), stdout.trim()].filter((text) => text !== "").join("\n")}`,
  );
}
