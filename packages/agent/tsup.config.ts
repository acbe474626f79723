import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { defineConfig } from "tsup";

/** The options of Node that the program runs with: they keep it small, and cost no speed that was seen. */
const NODE_OPTIONS = "--max-semi-space-size=1 --no-maglev --v8-pool-size=1";

const common = {
  target: "node22",
  platform: "node",
  // node:sqlite has no name without its prefix.
  removeNodeProtocol: false,
} as const;

export default defineConfig(() => {
  rmSync("dist", { recursive: true, force: true });
  return [
    {
      ...common,
      entry: { index: "src/index.ts", client: "src/api/client.ts" },
      format: "esm",
      dts: true,
      sourcemap: true,
    },
    {
      ...common,
      // One file with all libraries, without what they bring and the agent does not use. CommonJS, since an ES module's
      // import of node:http also loads the whole of fetch.
      entry: { program: "src/main.ts" },
      format: "cjs",
      outExtension: () => ({ js: ".cjs" }),
      noExternal: [/^(?!koffi$)/],
      external: ["koffi"],
      shims: true,
      esbuildOptions(options) {
        options.conditions = ["arctic-source"];
      },
      // Of a file with one other character V8 keeps two bytes for each.
      plugins: [{ name: "ascii", renderChunk: (code) => ({ code: code.replace(/[^\0-\x7f]/g, escaped) }) }],
      onSuccess: async () => {
        writeFileSync("dist/main.js", `#!/usr/bin/env -S node ${NODE_OPTIONS}\nimport "./program.cjs";\n`);
        chmodSync("dist/main.js", 0o755);
      },
    },
  ];
});

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
