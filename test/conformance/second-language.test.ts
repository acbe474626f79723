import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeWhere } from "../support/needs.ts";
import { randomVectors } from "./support/random-cases.ts";

const VERIFIER = fileURLToPath(new URL("../second-language/verify.py", import.meta.url));
const VECTORS = fileURLToPath(new URL("vectors", import.meta.url));

/** Debian's own python3 first: its python3-cryptography is the one that apt-get installs. */
const python = ["/usr/bin/python3", "python3"].find(
  (command) => spawnSync(command, ["-c", "import cryptography"], { timeout: 20_000 }).status === 0,
);
const missing =
  python === undefined
    ? "python3 with python3-cryptography is missing: apt-get install python3-cryptography"
    : undefined;

describeWhere(missing, "the verifier in another language", () => verified(python ?? "python3"));

function verified(command: string): void {
  const run = (...options: string[]) => {
    const { status, stdout, stderr } = spawnSync(command, [VERIFIER, ...options], {
      encoding: "utf8",
      timeout: 110_000,
    });
    return { status, lines: stdout.trimEnd().split("\n"), stderr };
  };

  it("passes every vector", { timeout: 120_000 }, () => {
    const { status, lines, stderr } = run();
    expect(lines.filter((line) => / expected .* found /.test(line))).toEqual([]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const [, count] = /^(\d+) checks, 0 failed$/.exec(lines.at(-1) ?? "") ?? [];
    expect(Number(count)).toBeGreaterThan(1_500);
  });

  it("notices every expectation that is turned round", { timeout: 120_000 }, () => {
    const { status, lines } = run("--self-check");
    const [, count] = /^(\d+) turned expectations, 0 not noticed$/.exec(lines.at(-1) ?? "") ?? [];
    expect(lines.filter((line) => line.includes("not noticed: "))).toEqual([]);
    expect(Number(count)).toBeGreaterThan(100);
    expect(status).toBe(0);
  });

  it.each(["one", "two"])("agrees with core on random cases of the seed %s", { timeout: 120_000 }, (seed) => {
    inFolder((folder) => {
      const path = join(folder, "random.json");
      writeFileSync(path, JSON.stringify(randomVectors(seed, 400)));
      const { status, lines } = run("--random", path);
      expect(lines.filter((line) => / expected .* found /.test(line))).toEqual([]);
      const [, count] = /^(\d+) checks, 0 failed$/.exec(lines.at(-1) ?? "") ?? [];
      expect(Number(count)).toBeGreaterThanOrEqual(1_800);
      expect(status).toBe(0);
    });
  });

  it("fails on a file with one byte of one expectation changed", { timeout: 60_000 }, () => {
    inFolder((folder) => {
      cpSync(VECTORS, folder, { recursive: true });
      const path = join(folder, "merge.json");
      const text = readFileSync(path, "utf8");
      writeFileSync(path, text.replace(/"kept": 1,/, '"kept": 0,'));
      const { status, lines } = run("--vectors", folder);
      expect(lines.some((line) => line.startsWith("merge.json: sets: "))).toBe(true);
      expect(status).toBe(1);
    });
  });
}

function inFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "arctic-vectors-"));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
