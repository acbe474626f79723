import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pinnedNode, root } from "./pinned-node.mjs";
import { must, pathOfPinnedNode } from "./run.mjs";
import { step } from "./say.mjs";

/** In build order; each is built again when it, or one that it is built on, or the lock file has changed. */
const packages = [
  { name: "core", on: [] },
  { name: "dataplane", on: [] },
  { name: "agent", on: ["core", "dataplane"] },
  { name: "cli", on: ["core", "agent"] },
];
export const packageNames = packages.map(({ name }) => name);

const stampPath = join(root, "var", "built.json");

/** Builds those packages whose sources are newer than their dist. */
export async function ensureBuilt() {
  const built = readStamps();
  const wanted = stampsOfSources();
  for (const { name } of packages) {
    if (built[name] === wanted[name] && existsSync(join(root, "packages", name, "dist"))) continue;
    await step(`build ${name}`, () => build(name));
    writeStamps({ ...readStamps(), [name]: wanted[name] });
  }
}

async function build(name) {
  const tsup = join(root, "node_modules", "tsup", "dist", "cli-default.js");
  await must(pinnedNode(), [tsup], {
    cwd: join(root, "packages", name),
    env: { PATH: pathOfPinnedNode() },
  });
}

function stampsOfSources() {
  const shared = ["package-lock.json", "tsconfig.base.json"].map((path) => join(root, path));
  const stamps = {};
  for (const { name, on } of packages) {
    const hash = createHash("sha256");
    for (const below of on) hash.update(stamps[below]);
    for (const path of [...shared, ...sourcesOf(join(root, "packages", name))]) {
      hash.update(`\0${path}\0`).update(readFileSync(path));
    }
    stamps[name] = hash.digest("hex");
  }
  return stamps;
}

function sourcesOf(folder) {
  const own = ["package.json", "tsconfig.json", "tsup.config.ts"].map((file) => join(folder, file)).filter(existsSync);
  const sources = ["src", "bundle"]
    .map((part) => join(folder, part))
    .filter(existsSync)
    .flatMap((part) => readdirSync(part, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return [...own, ...sources.sort()];
}

function readStamps() {
  try {
    return JSON.parse(readFileSync(stampPath, "utf8"));
  } catch {
    return {};
  }
}

function writeStamps(stamps) {
  mkdirSync(join(root, "var"), { recursive: true });
  writeFileSync(`${stampPath}.new`, `${JSON.stringify(stamps, undefined, 2)}\n`);
  renameSync(`${stampPath}.new`, stampPath);
}
