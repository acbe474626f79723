#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";

const packageJson = new URL("../package.json", import.meta.url);
const main = new URL("../dist/main.js", import.meta.url);

if (Number.parseInt(process.versions.node, 10) < 22) {
  process.stderr.write(
    `arctic: needs Node 22 or newer, this is ${process.versions.node}. Put a newer node first on PATH.\n`,
  );
  process.exitCode = 1;
} else if (process.argv.length === 3 && process.argv[2] === "--version") {
  // Answered without loading anything: scripts and shells ask often.
  process.stdout.write(`arctic ${JSON.parse(readFileSync(packageJson, "utf8")).version}\n`);
} else if (!existsSync(main)) {
  process.stderr.write("arctic: not built yet. Run `npm run build` in the checkout.\n");
  process.exitCode = 1;
} else {
  await import(main.href);
}
