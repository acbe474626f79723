import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./pinned-node.mjs";
import { must } from "./run.mjs";
import { Failure, step } from "./say.mjs";

/**
 * Installs the dependencies of the lock file unless node_modules already holds exactly them. Runs no install script and
 * never writes the lock file.
 *
 * `npm install --no-save`, not `npm ci`: a registry that mirrors only some platforms leaves holes for the others'
 * optional packages in the lock file, for which `npm ci` refuses it whole. Integrity is checked either way, and that
 * what came is what the lock file names is checked here.
 */
export async function ensureModules() {
  if (departureFromLock() === undefined) return;
  await step("dependencies from the lock file", async () => {
    const flags = ["--no-save", "--ignore-scripts", "--include=dev", "--include=optional"];
    const silence = ["--no-audit", "--no-fund", "--loglevel=error"];
    const npm = process.env.npm_execpath;
    if (npm?.endsWith(".js")) await must(process.execPath, [npm, "install", ...flags, ...silence]);
    else await must("npm", ["install", ...flags, ...silence]);
    const departure = departureFromLock();
    if (departure !== undefined) {
      throw new Failure(
        `node_modules is not what package-lock.json names: ${departure}. ` +
          "If package.json was changed, run npm install and commit both; otherwise remove node_modules and start again.",
      );
    }
  });
}

/** What tells node_modules from the lock file. npm writes what it installed to a file as its last act: that is compared, not times. */
function departureFromLock() {
  const wanted = packagesOf("package-lock.json");
  const present = packagesOf("node_modules/.package-lock.json");
  for (const [path, { version, integrity, link }] of Object.entries(present)) {
    if (!existsSync(join(root, path))) return `${path} is gone`;
    // The workspaces' own folders, which package.json names.
    if (link) continue;
    if (wanted[path] === undefined) return `${path} is not in it`;
    if (wanted[path].version !== version || wanted[path].integrity !== integrity) return `${path} is ${version}`;
  }
  const absent = Object.keys(wanted).find((path) => isNeeded(path, wanted[path]) && present[path] === undefined);
  return absent === undefined ? undefined : `${absent} is missing`;
}

/** Optional packages are those of other platforms too; the root is no package. */
function isNeeded(path, { optional, peer }) {
  return path !== "" && !optional && !peer;
}

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), "utf8")).packages ?? {};
  } catch {
    return {};
  }
}
