import type { TreeNode } from '@guichet/contract';

/** What a browser draws in a moment, and somebody still reads. */
const MOST_NODES = 2_000;
const MOST_LEVELS = 60;

/**
 * The upper part of a tree that is too large to be drawn: level by level, so that no branch takes the room of all others.
 * `isCut` when something was left out. A tree that fits is given back as it is.
 */
export function boundedTree(roots: readonly TreeNode[]): { readonly roots: readonly TreeNode[]; readonly isCut: boolean } {
  const kept = new Set<TreeNode>();
  let isCut = false;
  let level = roots;
  for (let depth = 0; level.length > 0; depth++) {
    const room = depth < MOST_LEVELS ? MOST_NODES - kept.size : 0;
    if (level.length > room) isCut = true;
    const drawn = level.slice(0, room);
    for (const node of drawn) kept.add(node);
    level = drawn.flatMap(({ children }) => children ?? []);
  }
  if (!isCut) return { roots, isCut };
  const copied = (nodes: readonly TreeNode[]): TreeNode[] =>
    nodes
      .filter((node) => kept.has(node))
      .map((node) => (node.children === undefined ? node : { ...node, children: copied(node.children) }));
  return { roots: copied(roots), isCut };
}
