import { readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "tsup";

const commands = readdirSync("src/commands", { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));

/**
 * One entry a command, so that a command line loads its own command and what it needs. The libraries are bundled in:
 * resolving and reading their several hundred files would be most of the start.
 */
export default defineConfig({
  entry: ["src/main.ts", "src/manifest.ts", ...commands],
  format: "esm",
  target: "node22",
  platform: "node",
  noExternal: [/^(?!typescript$)/],
  external: ["typescript"],
  splitting: true,
  treeshake: false,
  minify: false,
  sourcemap: false,
  clean: true,
  banner: { js: bannerForCommonJs() },
  esbuildOptions(options) {
    options.conditions = ["arctic-source"];
  },
  onSuccess: "node dist/manifest.js",
});

/** What CommonJS libraries (oclif, ws) expect to find around them. */
function bannerForCommonJs(): string {
  return [
    'import { createRequire as __createRequire } from "node:module";',
    'import { fileURLToPath as __fileURLToPath } from "node:url";',
    "const require = __createRequire(import.meta.url);",
    "const __filename = __fileURLToPath(import.meta.url);",
    'const __dirname = __fileURLToPath(new URL(".", import.meta.url));',
  ].join("\n");
}
