/** A process by its pid, or a prepared transaction by `gid:` and its name. 0 is a prepared transaction not known by name. */
export type NodeId = number | string;

/** Who waits on whom. It may have cycles: deadlocks live until the server looks for them. */
export class WaitGraph {
  readonly #blockers = new Map<NodeId, Set<NodeId>>();
  readonly #waiters = new Map<NodeId, Set<NodeId>>();

  constructor(edges: Iterable<readonly [waiter: NodeId, blocker: NodeId]>) {
    for (const [waiter, blocker] of edges) {
      if (waiter === blocker) continue;
      put(this.#blockers, waiter, blocker);
      put(this.#waiters, blocker, waiter);
    }
  }

  blockersOf(node: NodeId): ReadonlySet<NodeId> {
    return this.#blockers.get(node) ?? NONE;
  }

  waitersOn(node: NodeId): ReadonlySet<NodeId> {
    return this.#waiters.get(node) ?? NONE;
  }

  /** Everybody who waits on the node, directly or through others; the node itself when it is in a cycle. */
  behind(node: NodeId): Set<NodeId> {
    const found = new Set<NodeId>();
    const queue = [node];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      for (const waiter of this.waitersOn(next)) {
        if (found.has(waiter)) continue;
        found.add(waiter);
        queue.push(waiter);
      }
    }
    return found;
  }

  inCycle(node: NodeId): boolean {
    return this.behind(node).has(node);
  }

  /** Who can go on when the nodes are gone: those that wait on them and, in the end, on nobody else. */
  freedBy(nodes: readonly NodeId[]): Set<NodeId> {
    const gone = new Set<NodeId>(nodes);
    const queue = [...nodes];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      for (const waiter of this.waitersOn(next)) {
        if (gone.has(waiter) || ![...this.blockersOf(waiter)].every((blocker) => gone.has(blocker))) continue;
        gone.add(waiter);
        queue.push(waiter);
      }
    }
    for (const node of nodes) gone.delete(node);
    return gone;
  }

  /**
   * Where to begin: those that block and wait on nobody, and one of each cycle that nobody outside of it holds up.
   * Those with most behind them come first.
   */
  roots(): NodeId[] {
    const free = [...this.#waiters.keys()].filter((node) => this.blockersOf(node).size === 0);
    const covered = new Set(free.flatMap((node) => [...this.behind(node)]));
    const cyclic: NodeId[] = [];
    const left = [...this.#waiters.keys()].filter((node) => !free.includes(node) && this.inCycle(node));
    for (const node of this.#byWeight(left)) {
      if (covered.has(node)) continue;
      cyclic.push(node);
      for (const waiter of this.behind(node)) covered.add(waiter);
    }
    return this.#byWeight([...free, ...cyclic]);
  }

  /** Those that somebody waits on, by how many wait behind each. */
  blockers(): NodeId[] {
    return this.#byWeight([...this.#waiters.keys()]);
  }

  #byWeight(nodes: readonly NodeId[]): NodeId[] {
    return nodes
      .map((node) => ({ node, weight: this.behind(node).size }))
      .sort((a, b) => b.weight - a.weight || inOrder(a.node, b.node))
      .map(({ node }) => node);
  }
}

const NONE: ReadonlySet<NodeId> = new Set();

function put(map: Map<NodeId, Set<NodeId>>, key: NodeId, value: NodeId): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

function inOrder(a: NodeId, b: NodeId): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

/** The graph of sessions that wait, without naming prepared transactions. */
export function graphOf(sessions: Iterable<{ readonly pid: number; readonly blockedBy: readonly number[] }>): WaitGraph {
  const edges: [NodeId, NodeId][] = [];
  for (const { pid, blockedBy } of sessions) for (const blocker of blockedBy) edges.push([pid, blocker]);
  return new WaitGraph(edges);
}
