import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync, statSync, writeSync } from "node:fs";

/** Space on the disk that is kept for the moment when there is none left. */
export interface Reserve {
  /** Takes the space. Throws an Error where the disk has not twice as much; then it holds none. */
  fill(): void;
  /** Gives the space back to the disk. */
  release(): void;
}

const RESERVE_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** A file of bytes that no file system can compress away. `randomBytes` draws a chunk of them. */
export function createFileReserve(path: string, randomBytes: (length: number) => Uint8Array): Reserve {
  const release = () => rmSync(path, { force: true });
  return {
    fill() {
      if (statSync(path, { throwIfNoEntry: false })?.size === RESERVE_BYTES) return;
      release();
      const descriptor = openSync(path, "wx", 0o600);
      try {
        for (let written = 0; written < 2 * RESERVE_BYTES; written += CHUNK_BYTES)
          writeWhole(descriptor, randomBytes(CHUNK_BYTES));
        // Twice as much has to be free, so that a disk at its brink does not open and shut.
        ftruncateSync(descriptor, RESERVE_BYTES);
        fsyncSync(descriptor);
      } catch (error) {
        release();
        throw error;
      } finally {
        closeSync(descriptor);
      }
    },
    release,
  };
}

/** A disk that is almost full takes a part of a write before it refuses one. */
function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}
