import type { Source } from './read-source.ts';
import { fileOf, type House, targetOf } from './rooms.ts';
import type { Violation } from './violation.ts';

/**
 * Files that import each other in a circle; each circle once, at its first file by name. Imports of types count too:
 * they are erased when the program runs, but a reader still has to walk the circle.
 */
export function cyclesOf(house: House): Violation[] {
  const edges = new Map(house.sources.map((source) => [source.path, edgesOf(house, source)]));
  const found = new Map<string, Violation>();
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]) => {
    const start = way.indexOf(path);
    if (start >= 0) {
      const cycle = fromFirst(way.slice(start));
      const message = `imports in a circle: ${[...cycle, cycle[0]].join(' -> ')}`;
      found.set(message, { file: cycle[0] ?? path, line: 1, message });
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of [...edges.keys()].sort()) visit(path, []);
  return [...found.values()];
}

function edgesOf(house: House, source: Source): string[] {
  return source.imports.map((imported) => fileOf(targetOf(house, source, imported))).filter((path) => path !== undefined);
}

/** The same circle, however it was entered. */
function fromFirst(cycle: readonly string[]): string[] {
  const first = cycle.reduce((least, path, index) => (path < (cycle[least] ?? path) ? index : least), 0);
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}
