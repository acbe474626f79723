import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts", "src/verify.ts"],
  format: "esm",
  target: "es2023",
  platform: "neutral",
  dts: true,
  sourcemap: true,
  clean: true,
});
