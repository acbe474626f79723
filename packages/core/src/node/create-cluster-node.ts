import type { ClusterNode, NodeOptions } from "./cluster-node.ts";
import { Node } from "./node.ts";

/**
 * A peer: its registry, its links, what it knows of others. It does nothing by itself; its host feeds it inputs and
 * performs the effects. Throws an Error where the license does not verify under the roots.
 */
export function createClusterNode(options: NodeOptions): ClusterNode {
  return new Node(options);
}
