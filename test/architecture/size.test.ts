import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

/** What an application carries that imports all of an entry, with its dependencies: minified, and gzipped at level 9. */
async function bundled(entry: string) {
  const { outputFiles, metafile } = await build({
    entryPoints: [`packages/core/src/${entry}.ts`],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    conditions: ["arctic-source"],
    metafile: true,
    write: false,
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error("esbuild made no file");
  return { bytes: gzipSync(file.contents, { level: 9 }).length, inputs: Object.keys(metafile.inputs) };
}

describe("the size of core in a browser", () => {
  it("the part that only verifies is at most 15 kB, without zod", async () => {
    const { bytes, inputs } = await bundled("verify");
    expect(bytes).toBeLessThanOrEqual(15_000);
    expect(inputs.filter((path) => path.includes("/zod/"))).toEqual([]);
  });
  it("all of it is at most 45 kB", async () => {
    const { bytes } = await bundled("index");
    expect(bytes).toBeLessThanOrEqual(45_000);
  });
});
