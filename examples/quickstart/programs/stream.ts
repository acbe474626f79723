import { createCipheriv, createHash, type Hash } from "node:crypto";

const zeros = Buffer.alloc(256 * 1024);

/** Bytes that nothing can compress or guess, the same for the same seed: an AES-256-CTR key stream, in pieces. */
export function* seededBytes(seed: string, bytes: number): Generator<Buffer> {
  const cipher = createCipheriv("aes-256-ctr", createHash("sha256").update(seed).digest(), Buffer.alloc(16));
  for (let left = bytes; left > 0; left -= zeros.length) {
    yield cipher.update(left >= zeros.length ? zeros : zeros.subarray(0, left));
  }
}

export function sha256(): Hash {
  return createHash("sha256");
}

/** One JSON line on standard output: how these programs report. */
export function report(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
