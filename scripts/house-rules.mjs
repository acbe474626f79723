import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { root } from "./pinned-node.mjs";
import { quiet } from "./run.mjs";

const lockFile = join(root, "package-lock.json");

/** Checks that no tool has: each resolves to undefined, or to what is wrong. */

/** A path of the machine where a file was written means nothing on another. Only files that git tracks travel. */
export async function pathsOfThisMachine() {
  const { code, output } = await quiet("git", ["-c", `safe.directory=${root}`, "ls-files", "-z"]);
  if (code !== 0) return `git could not list the tracked files: ${output}`;
  const telling = machinePaths();
  if (telling.length === 0) return undefined;
  const pattern = new RegExp(`(?<![\\w./-])(?:${telling.map(escaped).join("|")})(?![\\w.-])`);
  const found = output.split("\0").filter((path) => path !== "" && pattern.test(textOf(path)));
  return found.length === 0
    ? undefined
    : `${found.join("\n")}\nhold ${telling.join(" or ")}: write a path relative to the checkout`;
}

/** A path of one segment, such as /src or /root, is a word of its own and may be meant. */
function machinePaths() {
  return [root, homedir()].filter((path) => path.split("/").length > 2);
}

function escaped(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** The file's text; empty for one that is gone from the work tree or is not text. */
function textOf(path) {
  try {
    const bytes = readFileSync(join(root, path));
    return bytes.includes(0) ? "" : bytes.toString("utf8");
  } catch {
    return "";
  }
}

/** The lock file pins by integrity; an address in it would tie every install to one registry. */
export async function resolvedAddresses() {
  const found = readFileSync(lockFile, "utf8")
    .split("\n")
    .flatMap((line, index) => (/"resolved"|[a-z]:\/\//i.test(line) ? [`${index + 1}: ${line.trim()}`] : []));
  return found.length === 0
    ? undefined
    : `package-lock.json holds addresses; take them out: npm run lock\n${found.join("\n")}`;
}

/** Where packages come from and who funds them is the registry's to say; the workspaces are named by package.json. Answers whether there was any. */
export function addressesTakenOut() {
  const text = readFileSync(lockFile, "utf8");
  const lock = JSON.parse(text);
  const kept = Object.entries(lock.packages).filter(([, { link }]) => link !== true);
  lock.packages = Object.fromEntries(kept.map(([path, { resolved: _, funding: __, ...rest }]) => [path, rest]));
  const without = `${JSON.stringify(lock, null, 2)}\n`;
  if (without !== text) writeFileSync(lockFile, without);
  return without !== text;
}

/** Past 400 lines a file holds a second noun. */
export async function oversizedSources() {
  const found = [];
  for (const name of readdirSync(join(root, "packages"))) {
    for (const entry of readdirSync(join(root, "packages", name, "src"), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const lines = readFileSync(path, "utf8").split("\n").length - 1;
      if (lines > 400) found.push(`${relative(root, path)}: ${lines} lines`);
    }
  }
  return found.length === 0 ? undefined : `split these, one noun a file:\n${found.join("\n")}`;
}
