// Runs before anything is installed, on whatever Node the host has: plain JavaScript, no dependency.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Path of the Node that the lock file pins, or the one that runs this script where the lock file has none for this machine. */
export function pinnedNode() {
  const require = createRequire(join(root, "package.json"));
  try {
    const manifest = require.resolve(`node-linux-${process.arch}/package.json`);
    const path = join(dirname(manifest), "bin", "node");
    return existsSync(path) ? path : process.execPath;
  } catch {
    return process.execPath;
  }
}
