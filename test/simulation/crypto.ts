import * as nodeCrypto from "node:crypto";
import { type Crypto, cryptoFromNode, nobleCrypto } from "@arctic/core";
import type { Random } from "./random.ts";

const real = cryptoFromNode(nodeCrypto);
const torsionFree = new Map<string, boolean>();
const verdicts = new Map<string, boolean>();

/** Real signatures (OpenSSL), randomness from the seed. Every peer of a run checks the same records: each is really checked once. */
export function createSimulatedCrypto(random: Random): Crypto {
  return {
    ...real,
    verify: (key, message, signature) => {
      const name = `${latin1(signature)}${latin1(key)}${latin1(real.sha256(message))}`;
      return remembered(verdicts, name, () => real.verify(key, message, signature));
    },
    isTorsionFree: (key) => remembered(torsionFree, latin1(key), () => nobleCrypto.isTorsionFree?.(key) ?? false),
    randomBytes: (length) => random.bytes(length),
  };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

function remembered(map: Map<string, boolean>, name: string, judge: () => boolean): boolean {
  const known = map.get(name);
  if (known !== undefined) return known;
  const verdict = judge();
  if (map.size > 100_000) map.clear();
  map.set(name, verdict);
  return verdict;
}
