import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface MemberlistFigures {
  readonly joinedMs: number;
  /** One a round, sorted. */
  readonly t99Ms: readonly number[];
}

/** Builds and runs memberlist from Debian's packages (golang-go, golang-github-hashicorp-memberlist-dev). */
export function runMemberlist(size: number, rounds: number): MemberlistFigures {
  const folder = mkdtempSync(join(tmpdir(), "arctic-memberlist-"));
  try {
    const binary = join(folder, "memberlist");
    const source = fileURLToPath(new URL("memberlist/main.go", import.meta.url));
    const env = { ...process.env, GO111MODULE: "off", GOPATH: "/usr/share/gocode", GOCACHE: join(folder, "cache") };
    execFileSync("go", ["build", "-o", binary, source], { env, stdio: ["ignore", "inherit", "inherit"] });
    const output = execFileSync(binary, [String(size), String(rounds)], { encoding: "utf8", timeout: 300_000 });
    return JSON.parse(output) as MemberlistFigures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
