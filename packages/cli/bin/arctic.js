#!/usr/bin/env -S node --use-openssl-ca --min-semi-space-size=4
// CommonJS and few imports, since this is most of a short command's time. --use-openssl-ca: agents' certificates are known
// by their fingerprints or by --ca-file, so Node need not parse its own hundred and more authorities at each start.
// --min-semi-space-size (MiB): more than a start makes, so that none is interrupted to collect it.

const { existsSync, mkdirSync, readFileSync, statSync } = require("node:fs");
const { join } = require("node:path");

if (Number.parseInt(process.versions.node, 10) < 22) {
  process.stderr.write(
    `arctic: needs Node 22 or newer, this is ${process.versions.node}. Put a newer node first on PATH.\n`,
  );
  process.exitCode = 1;
} else {
  start();
}

function start() {
  const root = join(__dirname, "..");
  const main = join(root, "dist", "main.cjs");
  if (process.argv.length === 3 && process.argv[2] === "--version") {
    // Answered without loading anything: scripts and shells ask often.
    process.stdout.write(`arctic ${JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version}\n`);
  } else if (!existsSync(main)) {
    process.stderr.write("arctic: not built yet. Run `npm run build` in the checkout.\n");
    process.exitCode = 1;
  } else {
    keepCompiledCode();
    require(main);
  }
}

/**
 * Keeps V8's compiled code beside the user's other caches, a folder a command: V8 writes it once, with no more in it than
 * what the first run compiled. Not in a folder that anybody else could have written to.
 */
function keepCompiledCode() {
  const home = process.env.HOME || require("node:os").homedir();
  const words = process.argv.slice(2, 4).filter((word) => /^[a-z_-]{1,20}$/.test(word) && !word.startsWith("-"));
  const code = join(process.env.XDG_CACHE_HOME || join(home, ".cache"), "arctic", "code");
  const folder = join(code, words.join("-") || "none");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (isOwn(code) && isOwn(folder)) require("node:module").enableCompileCache(folder);
  } catch {
    // A start without it is slower and nothing else.
  }
}

function isOwn(folder) {
  const { uid, mode } = statSync(folder);
  return uid === process.getuid() && (mode & 0o022) === 0;
}
