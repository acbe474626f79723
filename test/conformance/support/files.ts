import { readFileSync } from "node:fs";
import type { makeVectors } from "../vectors.ts";

type Vectors = ReturnType<typeof makeVectors>;
export type VectorFile = keyof Vectors;

/** A vector file as any implementation reads it. */
export function readVectors<N extends VectorFile>(name: N): Vectors[N] {
  return JSON.parse(readVectorText(name)) as Vectors[N];
}

export function readVectorText(name: string): string {
  return readFileSync(new URL(`../vectors/${name}`, import.meta.url), "utf8");
}
