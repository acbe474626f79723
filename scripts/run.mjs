import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname } from "node:path";
import { pinnedNode, root } from "./pinned-node.mjs";
import { Failure } from "./say.mjs";

/** Where Debian keeps nft, sysctl and what apt needs: not on the PATH of a root that came by plain `su`. */
process.env.PATH = [process.env.PATH, "/usr/local/sbin", "/usr/sbin", "/sbin"].filter(Boolean).join(delimiter);

/** Runs a command to its end without showing it; `output` is what it printed, both streams in order. */
export function quiet(command, args, { cwd = root, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    const parts = [];
    child.stdout.on("data", (part) => parts.push(part));
    child.stderr.on("data", (part) => parts.push(part));
    child.on("error", (error) => resolve({ code: 127, output: `${command}: ${error.message}` }));
    child.on("close", (code, signal) =>
      resolve({ code: code ?? 1, output: Buffer.concat(parts).toString() + (signal ? `\nended by ${signal}` : "") }),
    );
  });
}

/** The same, for a command whose failure ends the step: what it printed is then shown. */
export async function must(command, args, options) {
  const { code, output } = await quiet(command, args, options);
  if (code !== 0) throw new Failure(`${command} ${args.join(" ")} failed (exit ${code}):\n${output.trimEnd()}`);
  return output;
}

/**
 * Runs the pinned Node with this terminal's streams; resolves to its exit code, 128 + n where a signal ended it. Signals
 * to this process go on to it, and so does the death of the npm that started us, which no signal tells. What it prints on
 * stdout goes to `onOutput` where that is given.
 */
export function pinned(args, { env = {}, onOutput } = {}) {
  return new Promise((resolve) => {
    const child = spawn(pinnedNode(), args, {
      cwd: root,
      env: { ...process.env, PATH: pathOfPinnedNode(), ...env },
      stdio: ["inherit", onOutput === undefined ? "inherit" : "pipe", "inherit"],
    });
    child.stdout?.on("data", onOutput);
    const forward = (signal) => child.kill(signal);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    const watch = watchLauncher(() => child.kill("SIGTERM"));
    child.on("error", (error) => {
      process.stderr.write(`${error.message}\n`);
      resolve(1);
    });
    child.on(onOutput === undefined ? "exit" : "close", (code, signal) => {
      clearInterval(watch);
      for (const name of signals) process.off(name, forward);
      resolve(code ?? 128 + (constants.signals[signal] ?? 1));
    });
  });
}

/** A PATH on which `node` is the pinned one, whatever started us. */
export function pathOfPinnedNode() {
  return `${dirname(pinnedNode())}${delimiter}${process.env.PATH}`;
}

/** Calls `gone` once when npm, or the shell between it and us, has ended. Only where npm started us. */
function watchLauncher(gone) {
  if (!process.env.npm_lifecycle_event) return undefined;
  const ancestors = [ancestor(process.ppid), ancestor(parentOf(process.ppid))].filter((one) => one !== undefined);
  const timer = setInterval(() => {
    if (ancestors.every(({ pid, startedAt }) => ancestor(pid)?.startedAt === startedAt)) return;
    clearInterval(timer);
    gone();
  }, 500);
  timer.unref();
  return timer;
}

function ancestor(pid) {
  const fields = statOf(pid);
  return fields === undefined || pid <= 1 ? undefined : { pid, startedAt: fields[19] };
}

function parentOf(pid) {
  return Number(statOf(pid)?.[1] ?? 0);
}

/** The fields of /proc/PID/stat that follow the command: [1] is the parent, [19] the start time. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
