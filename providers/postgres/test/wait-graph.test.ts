import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WaitGraph } from '../src/wait-graph.ts';

describe('a chain: 3 waits on 2, 2 on 1', () => {
  const graph = new WaitGraph([
    [2, 1],
    [3, 2],
    [3, 1],
    [3, 2],
  ]);
  test('has its root at the end that waits on nobody', () => expect(graph.roots()).toEqual([1]));
  test('has everybody behind the root', () => expect([...graph.behind(1)].sort()).toEqual([2, 3]));
  test('is freed whole by its root', () => expect(graph.freedBy([1]).size).toBe(2));
  test('frees nobody by its middle, for the root holds the rest up too', () => expect(graph.freedBy([2]).size).toBe(0));
});

test('counts as freed only who waits on nobody else in the end', () => {
  const graph = new WaitGraph([
    [10, 1],
    [11, 1],
    [11, 2],
    [12, 11],
  ]);
  expect([...graph.freedBy([1])]).toEqual([10]);
  expect(graph.freedBy([2]).size).toBe(0);
});

test('gives a cycle that nobody holds up one root, and knows that it frees the rest of it', () => {
  const graph = new WaitGraph([
    [1, 2],
    [2, 1],
    [3, 2],
  ]);
  expect(graph.roots()).toEqual([1]);
  expect(graph.inCycle(1)).toBe(true);
  expect(graph.inCycle(3)).toBe(false);
  expect([...graph.freedBy([1])].sort()).toEqual([2, 3]);
});

test('puts a cycle that waits on a root under that root', () => {
  const graph = new WaitGraph([
    [1, 2],
    [2, 1],
    [1, 9],
  ]);
  expect(graph.roots()).toEqual([9]);
  expect(graph.freedBy([9]).size).toBe(0); // they would still wait on each other
});

test('finds roots from which everybody who waits can be reached, in any graph', () => {
  const node = fc.integer({ min: 1, max: 12 });
  fc.assert(
    fc.property(fc.array(fc.tuple(node, node), { maxLength: 40 }), (edges) => {
      const graph = new WaitGraph(edges);
      const roots = graph.roots();
      const reached = new Set(roots.flatMap((root) => [...graph.behind(root)]));
      for (const [waiter, blocker] of edges) if (waiter !== blocker) expect(reached).toContain(waiter);
      for (const root of roots) {
        // No root is behind another one, and what a root frees is behind it.
        expect(roots.some((other) => other !== root && graph.behind(other).has(root))).toBe(false);
        for (const freed of graph.freedBy([root])) expect(graph.behind(root)).toContain(freed);
      }
    }),
  );
});
