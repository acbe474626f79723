import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const read = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");
const { packages } = JSON.parse(read("package-lock.json")) as { packages: Readonly<Record<string, Locked>> };

/** Everything that is installed with these packages of ours, by its place in the lock file. */
function closureOf(...names: readonly string[]): string[] {
  const found = new Set<string>();
  const open = names.map((name) => `packages/${name}`);
  for (let from = open.pop(); from !== undefined; from = open.pop())
    for (const name of Object.keys(packages[from]?.dependencies ?? {})) {
      if (name.startsWith("@arctic/")) continue;
      const place = [`${from}/node_modules/${name}`, `node_modules/${name}`].find((path) => path in packages);
      if (place === undefined) throw new Error(`the lock file has no ${name}, which ${from} needs`);
      if (found.has(place)) continue;
      found.add(place);
      open.push(place);
    }
  return [...found];
}

it("what a host runs is few packages of others, each by a hash in the lock file", () => {
  const installed = closureOf("core", "agent", "dataplane");
  expect(installed.length).toBeGreaterThan(5);
  expect(installed.length).toBeLessThan(40);
  expect(installed.filter((place) => !/^sha512-/.test(packages[place]?.integrity ?? ""))).toEqual([]);
});

it("what is installed for any reason is known by a hash", () => {
  const foreign = Object.entries(packages).filter(
    ([place, { link }]) => place.includes("node_modules/") && link !== true,
  );
  expect(foreign.length).toBeGreaterThan(100);
  expect(foreign.flatMap(([place, { integrity }]) => (integrity === undefined ? [place] : []))).toEqual([]);
});

it("no package runs a script when it is installed", () => {
  const scripted = Object.entries(packages).flatMap(([place, { hasInstallScript }]) =>
    hasInstallScript ? [place] : [],
  );
  expect(scripted).toEqual(["node_modules/esbuild", "node_modules/koffi"]);
  const installs = read("scripts/modules.mjs");
  expect(installs).toMatch(/"--no-save", "--ignore-scripts"/);
  for (const name of ["core", "agent", "dataplane", "cli"]) {
    const { scripts = {} } = JSON.parse(read(`packages/${name}/package.json`)) as { scripts?: object };
    expect(Object.keys(scripts).filter((script) => /^(pre|post)?install$|^prepare$/.test(script))).toEqual([]);
  }
});
