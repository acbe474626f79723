import { readFileSync } from "node:fs";
import type { Plugin } from "esbuild";

/** A library that stands in a file of its own, and is read when something of it is used. */
export interface Part {
  /** The file beside the bundle. */
  readonly file: string;
  /** The specifier as it stands in an import. */
  readonly import: RegExp;
  /** The path that it resolves to, where the specifier alone does not tell. */
  readonly path?: RegExp;
  /** What it exports; the bundle needs the names before it has read the file. */
  readonly names: readonly string[];
}

/**
 * Most command lines use few of the libraries that the command is bundled with. Each stands behind getters here, so
 * that reading and evaluating it costs only the command that uses it.
 */
export function partsWhenUsed(parts: readonly Part[]): Plugin {
  return {
    name: "parts-when-used",
    setup(build) {
      build.onResolve({ filter: /.*/ }, async (given) => {
        if (given.namespace === NAMESPACE) return { path: given.path, external: true };
        if (given.kind !== "import-statement" || given.pluginData === RESOLVING) return;
        const part = parts.find((candidate) => candidate.import.test(given.path));
        if (part === undefined) return;
        const { kind, importer, resolveDir } = given;
        const { path } = await build.resolve(given.path, { kind, importer, resolveDir, pluginData: RESOLVING });
        return part.path?.test(path) === false ? undefined : { path: part.file, namespace: NAMESPACE };
      });
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
        const names = parts.find((part) => part.file === path)?.names ?? [];
        const getters = names.map((name) => `get ${name}() { return require(${JSON.stringify(path)}).${name}; }`);
        return { contents: `module.exports = { __esModule: true, ${getters.join(",\n")} };` };
      });
    },
  };
}

const NAMESPACE = "part";
const RESOLVING = Symbol("resolving");

/** oclif requires all that it is made of at its start; here each piece comes when it is first used. */
export const lazyOclif: Plugin = {
  name: "lazy-oclif",
  setup(build) {
    build.onLoad({ filter: OCLIF }, ({ path }) => ({ contents: lazyText(path), loader: "js" }));
  },
};

/**
 * The same, with no more of oclif than runs a command line. Its help, its search for commands and its debug log, with
 * the libraries that they bring, are three quarters of it.
 */
export const oclifForRunning: Plugin = {
  name: "oclif-for-running",
  setup(build) {
    // oclif asks its manifest for its version alone, and reads a hundred lines of it for that.
    build.onLoad({ filter: /@oclif[/\\]core[/\\]package\.json$/ }, ({ path }) => {
      const { name, version } = JSON.parse(readFileSync(path, "utf8"));
      return { contents: JSON.stringify({ name, version }), loader: "json" };
    });
    build.onLoad({ filter: OCLIF }, ({ path }) => {
      if (/lib[/\\]logger\.js$/.test(path)) return { contents: "exports.makeDebug = () => () => {};" };
      if (/lib[/\\](config|help|ux)[/\\](index|util)\.js$/.test(path)) return { contents: "module.exports = {};" };
      return { contents: lazyText(path), loader: "js" };
    });
  },
};

const OCLIF = /@oclif[/\\]core[/\\]lib[/\\].*\.js$/;

function lazyText(path: string): string {
  return `${HELPER}\n${readFileSync(path, "utf8").replace(REQUIRE, "$1 = __whenUsed(() => $2);")}`;
}

/** `const x_1 = require("x");`, also wrapped as TypeScript wraps an import of a default or of everything. */
const REQUIRE = /^((?:const|var) \w+) = ((?:__import(?:Default|Star)\()?require\("[^"]+"\)\)?);$/gm;

const HELPER = `const __whenUsed = (load) => {
  let held;
  const module = () => (held ??= load());
  return new Proxy(() => {}, {
    get: (_, name) => module()[name],
    has: (_, name) => name in module(),
    apply: (_, self, args) => Reflect.apply(module(), self, args),
    construct: (_, args) => Reflect.construct(module(), args),
  });
};`;
