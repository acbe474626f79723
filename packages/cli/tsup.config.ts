import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { defineConfig, type Options } from "tsup";
import { lazyOclif, oclifForRunning, type Part, partsWhenUsed } from "./bundle/lazy.ts";
import { plainOperations } from "./bundle/operations.ts";

const namesOf = async (path: string) =>
  Object.keys(await import(path)).filter((name) => /^\w+$/.test(name) && name !== "default");

const zod: Part = { file: "./zod.cjs", import: /^zod$/, names: await namesOf("zod") };
const core: Part = { file: "./core.cjs", import: /^@arctic\/core$/, names: await namesOf("@arctic/core") };
const yaml: Part = { file: "./yaml.cjs", import: /^yaml$/, names: await namesOf("yaml") };
const schema: Part = {
  file: "./schema.cjs",
  import: /\/schema\.ts$/,
  path: /agent\/src\/api\/schema\.ts$/,
  names: await namesOf("../agent/src/api/schema.ts"),
};
const help: Part = { file: "./help.cjs", import: /\/view\/help\.ts$/, names: ["ArcticHelp", "loadConfig"] };

/** Pieces of Node that few commands use. */
const node: Part[] = await Promise.all(
  ["node:os", "node:timers/promises", "node:readline/promises"].map(async (name) => ({
    file: name,
    import: new RegExp(`^${name}$`),
    names: await namesOf(name),
  })),
);

/**
 * A few files with the libraries in them: resolving and reading several hundred would be most of the start. CommonJS,
 * since an ES module's import of node:http also loads the whole of fetch.
 */
function bundle(entry: Record<string, string>, esbuildPlugins: Options["esbuildPlugins"]): Options {
  return {
    entry,
    format: "cjs",
    outExtension: () => ({ js: ".cjs" }),
    target: "node22",
    platform: "node",
    noExternal: [/^(?!typescript$)/],
    external: ["typescript"],
    splitting: false,
    // The plugins tell pieces of Node by their prefix.
    removeNodeProtocol: false,
    minify: true,
    shims: true,
    esbuildPlugins: esbuildPlugins ?? [],
    esbuildOptions(options) {
      options.conditions = ["arctic-source"];
    },
    plugins: [
      {
        name: "ascii",
        // Of a file with one other character V8 keeps two bytes for each.
        renderChunk: (code) => ({ code: code.replace(/[^\0-\x7f]/g, escaped) }),
      },
    ],
  };
}

/** Of node:perf_hooks the client needs a clock, which is there without it. */
const clockAlone: Plugin = {
  name: "clock-alone",
  setup(build) {
    build.onResolve({ filter: /^node:perf_hooks$/ }, ({ path }) => ({ path, namespace: "clock" }));
    build.onLoad({ filter: /.*/, namespace: "clock" }, () => ({
      contents: "export const performance = { now: () => Number(process.hrtime.bigint()) / 1e6 };",
    }));
  },
};

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

export default defineConfig(() => {
  rmSync("dist", { recursive: true, force: true });
  const modulePath = (name: string) => fileURLToPath(import.meta.resolve(name));
  return [
    {
      ...bundle({ main: "src/main.ts" }, [
        oclifForRunning,
        plainOperations,
        partsWhenUsed([zod, core, yaml, schema, help, ...node]),
        clockAlone,
      ]),
      onSuccess: async () => {
        execFileSync(process.execPath, ["--conditions=arctic-source", "bundle/manifest.ts"], { stdio: "inherit" });
      },
    },
    bundle({ help: "src/view/help.ts" }, [lazyOclif]),
    bundle({ schema: "../agent/src/api/schema.ts" }, [partsWhenUsed([zod, core])]),
    bundle({ zod: modulePath("zod"), core: "../core/src/index.ts", yaml: modulePath("yaml") }, []),
  ];
});
