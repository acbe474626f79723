import { readFileSync, writeFileSync } from "node:fs";
import { makeVectors, textOf } from "./vectors.ts";

/** Compares the vector files with what core makes now; exits 1 where they differ. `--write` writes them instead. */
const isWriting = process.argv.includes("--write");
let differing = 0;
for (const [name, vectors] of Object.entries(makeVectors())) {
  const path = new URL(`vectors/${name}`, import.meta.url);
  const text = textOf(vectors);
  if (isWriting) writeFileSync(path, text);
  else if (committed(path) !== text) {
    differing += 1;
    process.stderr.write(`${name} differs from what core makes now\n`);
  }
}
if (differing > 0) {
  process.stderr.write(
    "A change of these files is a change of the wire: run generate.ts --write only where that is meant.\n",
  );
  process.exitCode = 1;
}

function committed(path: URL): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
