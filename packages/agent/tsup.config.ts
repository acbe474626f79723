import { defineConfig } from "tsup";

export default defineConfig({
  entry: { index: "src/index.ts", main: "src/main.ts", client: "src/api/client.ts" },
  format: "esm",
  target: "node22",
  platform: "node",
  // node:sqlite has no name without its prefix.
  removeNodeProtocol: false,
  dts: { entry: { index: "src/index.ts", client: "src/api/client.ts" } },
  sourcemap: true,
  clean: true,
});
