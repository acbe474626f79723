import { type Document, isCollection, isMap, isNode, isPair, isScalar, isSeq, type LineCounter, type Node } from "yaml";

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where a path of a YAML document stands; where the path ends early, its deepest part that exists. 1-based. */
export function positionOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): Position {
  const at = lines.linePos(offsetOf(document.contents, path));
  return { line: Math.max(1, at.line), column: Math.max(1, at.col) };
}

function offsetOf(start: Node | null, path: readonly PropertyKey[]): number {
  let node: unknown = start;
  let offset = offsetOfNode(node) ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === step);
      if (pair === undefined) return offset;
      offset = offsetOfNode(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      offset = offsetOfNode(node) ?? offset;
    } else return offset;
  }
  // A scalar is where the mistake is; a list or a mapping is named by its key.
  return isCollection(node) ? offset : (offsetOfNode(node) ?? offset);
}

function offsetOfNode(node: unknown): number | undefined {
  return isNode(node) ? (node.range?.[0] ?? undefined) : undefined;
}
