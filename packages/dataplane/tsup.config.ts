import { defineConfig } from "tsup";

export default defineConfig({
  entry: { index: "src/index.ts", main: "src/main.ts", "pegasus-worker": "src/pegasus/worker.ts" },
  format: "esm",
  target: "node22",
  platform: "node",
  // node:sqlite has no name without its prefix.
  removeNodeProtocol: false,
  dts: { entry: { index: "src/index.ts" } },
  sourcemap: true,
  clean: true,
});
