import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./agents.ts";

/** A file system of a few megabytes in a mount namespace of its own, which ends with the test. Needs root. */
export interface SmallDisk {
  /** The directory, as processes inside see it. */
  readonly path: string;
  /** What makes a command run inside. */
  readonly within: readonly string[];
  /** Takes all that is free, but for so many bytes. */
  fill(freeBytes?: number): void;
  empty(): void;
  remove(): void;
}

export async function createSmallDisk(megabytes: number): Promise<SmallDisk> {
  const path = mkdtempSync(join(tmpdir(), "arctic-disk-"));
  const mount = `mount -t tmpfs -o size=${megabytes}m,mode=0700 none "$1" && echo mounted && exec sleep 600`;
  const holder = spawn("unshare", ["--mount", "sh", "-c", mount, "sh", path], { stdio: ["ignore", "pipe", "inherit"] });
  await mounted(holder);
  const filler = join(`/proc/${holder.pid}/root`, path, "filler");
  return {
    path,
    within: ["nsenter", "--mount", `--target=${holder.pid}`, "--"],
    fill(freeBytes = 0) {
      const room = `${filler}-room`;
      if (freeBytes > 0) write(room, freeBytes);
      write(filler, Number.POSITIVE_INFINITY);
      rmSync(room, { force: true });
    },
    empty: () => rmSync(filler, { force: true }),
    remove() {
      holder.kill("SIGKILL");
      rmSync(path, { recursive: true, force: true });
    },
  };
}

async function mounted(holder: ChildProcess): Promise<void> {
  let output = "";
  holder.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  await until("the file system is there", () => output.includes("mounted"));
}

/** Writes so many bytes, or until there is no space: in big steps first, then in small ones, to the last page. */
function write(path: string, bytes: number): void {
  const descriptor = openSync(path, "a", 0o600);
  try {
    let left = bytes;
    for (const size of [65_536, 4_096, 512]) {
      try {
        for (; left >= size; left -= size) writeSync(descriptor, Buffer.alloc(size, 0xa5));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    }
  } finally {
    closeSync(descriptor);
  }
}
