import { randomBytes } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { configFailure, EXIT, Failure, usageFailure } from "./failure.ts";

const SOURCE_LIMIT_BYTES = 4 * 1024 * 1024;

/** The text of a file that the caller named, or a failure that says which file and why. */
export function readSource(path: string, what: string): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
    if (text.length > SOURCE_LIMIT_BYTES) throw usageFailure(`${what} ${path} is over 4 MiB.`);
    return text;
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (error instanceof TypeError) throw usageFailure(`${what} ${path} is not UTF-8 text.`);
    throw usageFailure(`cannot read ${what} ${path}: ${reasonOf(error)}.`);
  }
}

/** The text of a file that holds secrets; `undefined` where there is none. Refuses a file that others may open. */
export function readPrivate(path: string, what: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw configFailure(`cannot read ${what} ${path}: ${reasonOf(error)}.`);
  }
  try {
    const { mode } = fstatSync(file);
    if ((mode & 0o077) !== 0) {
      throw configFailure(
        `${what} ${path} holds secrets, and its mode ${(mode & 0o777).toString(8)} lets others open it.`,
        `Close it with: chmod 600 ${path}`,
      );
    }
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw configFailure(`cannot read ${what} ${path}: ${reasonOf(error)}.`);
  } finally {
    closeSync(file);
  }
}

/** Writes a new file and refuses to replace one: keys and licenses are never lost by a repeated command. */
export function writeNew(path: string, text: string, mode: number, what: string): void {
  try {
    writeDurably(path, text, "wx", mode);
    syncDirectory(dirname(resolve(path)));
  } catch (error) {
    if (codeOf(error) === "EEXIST") {
      throw usageFailure(`${what} ${path} exists already and is not replaced.`, "Name another file, or move it away.");
    }
    throw new Failure(EXIT.general, "IO", `cannot write ${what} ${path}: ${reasonOf(error)}.`);
  }
}

/** Replaces a file with mode 0600 in one step: readers see the old text or the new one, also after a power cut. */
export function replacePrivate(path: string, text: string, what: string): void {
  const target = linkTarget(resolve(path));
  const directory = dirname(target);
  const temporary = join(directory, `.${basename(target)}.${randomBytes(6).toString("hex")}`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeDurably(temporary, text, "wx", 0o600);
    renameSync(temporary, target);
    syncDirectory(directory);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw configFailure(`cannot write ${what} ${path}: ${reasonOf(error)}.`);
  }
}

function writeDurably(path: string, text: string, flag: string, mode: number): void {
  const file = openSync(path, flag, mode);
  try {
    const bytes = Buffer.from(text, "utf8");
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** A file that the person keeps elsewhere behind a link stays there. */
function linkTarget(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case "ENOENT":
      return "no such file or directory";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EISDIR":
      return "it is a directory";
    case "ENOSPC":
      return "no space left on the device";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
