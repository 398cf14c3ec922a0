import type { Source } from './read-source.ts';
import { fileOf, type House, targetOf } from './rooms.ts';
import type { Violation } from './rules.ts';

/**
 * Files that import each other in a circle when they run; each circle once, at its first file by name. Imports of types
 * do not count: they are erased, so nothing can be used before it is there.
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
  const kept = source.imports.filter(({ erased }) => !erased);
  return kept.map((imported) => fileOf(targetOf(house, source, imported))).filter((path) => path !== undefined);
}

/** The same circle, however it was entered. */
function fromFirst(cycle: readonly string[]): string[] {
  const first = cycle.reduce((least, path, index) => (path < (cycle[least] ?? path) ? index : least), 0);
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}
