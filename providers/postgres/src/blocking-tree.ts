import { formatDuration, type TreeNode } from '@guichet/contract';
import { doing, nameOf } from './describe-session.ts';
import type { LockWait, PreparedTransaction } from './lock-waits.ts';
import type { Session } from './sessions.ts';
import { type NodeId, WaitGraph } from './wait-graph.ts';
import { counted, shortened } from './words.ts';

/** Who waits on whom, with all that is shown of them. */
export interface Scene {
  readonly sessions: ReadonlyMap<number, Session>;
  readonly waits: ReadonlyMap<number, LockWait>;
  readonly prepared: ReadonlyMap<string, PreparedTransaction>;
  readonly graph: WaitGraph;
}

/** What stands before the name of a prepared transaction in the graph. */
export const GID = 'gid:';
/** A tree of more nodes is not read by anybody. */
const MOST_NODES = 1000;

export function sceneOf(sessions: readonly Session[], { waits, prepared }: Pick<Scene, 'waits' | 'prepared'>): Scene {
  const edges = sessions.flatMap(({ pid, blockedBy }) =>
    blockedBy.flatMap((blocker): [NodeId, NodeId][] => {
      const gids = blocker === 0 ? (waits.get(pid)?.preparedGids ?? []) : [];
      return gids.length > 0 ? gids.map((gid) => [pid, `${GID}${gid}`]) : [[pid, blocker]];
    }),
  );
  return { sessions: new Map(sessions.map((session) => [session.pid, session])), waits, prepared, graph: new WaitGraph(edges) };
}

/** The roots with who waits behind them. In the tree of a root each session is shown once, as near to the root as it is. */
export function blockingTree(scene: Scene): { roots: TreeNode[]; hidden: number } {
  let room = MOST_NODES;
  let hidden = 0;
  const roots = scene.graph.roots().map((root) => {
    const parents = nearestParents(scene.graph, root);
    const children = new Map<NodeId, NodeId[]>();
    for (const [node, parent] of parents) children.set(parent, [...(children.get(parent) ?? []), node]);
    const draw = (node: NodeId, depth: number): TreeNode => {
      room -= 1;
      const shown: TreeNode[] = [];
      for (const child of children.get(node) ?? []) {
        if (room > 0) shown.push(draw(child, depth + 1));
        else hidden += 1;
      }
      const { data, ...described } = describeNode(node, scene, { parent: parents.get(node), below: levelsBelow(node, children) });
      return { ...described, data: { ...data, depth }, ...(shown.length > 0 && { children: shown }) };
    };
    return draw(root, 0);
  });
  return { roots, hidden };
}

/** How many levels of the tree are below the node. A queue can be thousands long, so it is walked by rows. */
function levelsBelow(node: NodeId, children: ReadonlyMap<NodeId, readonly NodeId[]>): number {
  let levels = 0;
  for (let row = children.get(node) ?? []; row.length > 0; row = row.flatMap((child) => children.get(child) ?? [])) levels += 1;
  return levels;
}

/** For everybody behind the root, whom of their blockers the shortest way from it comes through. */
function nearestParents(graph: WaitGraph, root: NodeId): Map<NodeId, NodeId> {
  const parents = new Map<NodeId, NodeId>();
  let row: NodeId[] = [root];
  while (row.length > 0) {
    const next: NodeId[] = [];
    for (const node of row) {
      for (const waiter of graph.waitersOn(node)) {
        if (waiter === root || parents.has(waiter)) continue;
        parents.set(waiter, node);
        next.push(waiter);
      }
    }
    row = next;
  }
  return parents;
}

interface Standing {
  /** Above it in the tree; undefined for a root. */
  readonly parent: NodeId | undefined;
  /** Levels of the tree below it. */
  readonly below: number;
}

function describeNode(node: NodeId, scene: Scene, { parent, below }: Standing): TreeNode {
  const behind = [...scene.graph.behind(node)].filter((other) => other !== node).length;
  const frees = scene.graph.freedBy([node]).size;
  const weight = behind === 0 ? [] : [`${counted(behind, 'session')} behind it${below > 1 ? `, ${below} deep` : ''}`];
  const others = [...scene.graph.blockersOf(node)].filter((blocker) => blocker !== parent).map(idInWords);
  const also = others.length === 0 || parent === undefined ? [] : [`waits for ${others.join(', ')} as well`];
  const cycle = scene.graph.inCycle(node) ? ['part of a deadlock'] : [];
  const common = { behind, frees, blockedBy: [...scene.graph.blockersOf(node)].map(idInWords), deadlock: cycle.length > 0 };
  if (typeof node === 'string' || node === 0) {
    const transaction = describePrepared(node, scene);
    return {
      label: transaction.label,
      detail: [...weight, transaction.advice].join(' · '),
      data: { ...transaction.data, ...common },
    };
  }
  const session = scene.sessions.get(node);
  if (session === undefined) {
    return { label: `${node} (ended meanwhile)`, detail: weight.join(' · '), data: { pid: node, ...common } };
  }
  const wait = scene.waits.get(node);
  const waits = wait === undefined ? [] : [waitInWords(wait, parent)];
  const open = session.transactionAge === null ? [] : [`transaction open for ${formatDuration(session.transactionAge)}`];
  const query = session.query === '' ? [] : [shortened(session.query, 200)];
  return {
    label: `${node} ${nameOf(session)}${session.application === '' ? '' : ` (${session.user ?? session.kind})`} ${doing(session)}`,
    detail: [...weight, ...cycle, ...waits, ...also, ...(parent === undefined ? open : []), ...query].join(' · '),
    data: { ...factsOf(session, wait, parent), ...common },
  };
}

function factsOf(session: Session, wait: LockWait | undefined, parent: NodeId | undefined): Record<string, unknown> {
  const { pid, application, user, database, client, kind, state, transactionAge, statementAge, query } = session;
  const lock = wait && { type: wait.type, mode: wait.mode, relation: wait.relation, heldAs: heldAs(wait, parent) ?? null };
  const began = { startedAt: session.backendStart, statementStartedAt: session.queryStart };
  return {
    pid,
    application,
    user,
    database,
    client,
    kind,
    state,
    ...began,
    transactionAge,
    statementAge,
    query,
    lock: lock ?? null,
  };
}

/** `AccessShareLock`: what the session above has that this one waits for; undefined when that one waits for it, too. */
function heldAs({ holders }: LockWait, parent: NodeId | undefined): string | undefined {
  return typeof parent === 'number' ? holders.get(parent) : undefined;
}

/** `waits for ExclusiveLock on customers (tuple)` */
function waitInWords(wait: LockWait, parent: NodeId | undefined): string {
  const { type, mode, relation } = wait;
  if (type === 'transactionid')
    return `waits for ${mode} on ${relation === null ? 'a row of another transaction' : `${relation} (a row)`}`;
  const held = heldAs(wait, parent);
  const against = held === undefined ? '' : `, held as ${held}`;
  if (relation === null) return `waits for ${mode} on ${type}${against}`;
  return `waits for ${mode} on ${relation}${type === 'relation' ? '' : ` (${type})`}${against}`;
}

export function idInWords(node: NodeId): number | string {
  if (node === 0) return 'a prepared transaction';
  return typeof node === 'string' ? `prepared transaction '${node.slice(GID.length)}'` : node;
}

function describePrepared(node: NodeId, { prepared }: Scene) {
  const gid = typeof node === 'string' ? node.slice(GID.length) : undefined;
  const transaction = gid === undefined ? undefined : prepared.get(gid);
  if (transaction === undefined) {
    const advice = 'look for it in pg_prepared_xacts: only COMMIT PREPARED or ROLLBACK PREPARED frees its locks';
    return { label: `a prepared transaction${gid === undefined ? '' : ` '${gid}'`}`, advice, data: { gid: gid ?? null } };
  }
  const { owner, database, age } = transaction;
  return {
    label: `prepared transaction '${transaction.gid}' of '${owner}' in '${database}', prepared ${formatDuration(age)} ago`,
    advice: rollbackAdvice(transaction),
    data: { ...transaction },
  };
}

export function rollbackAdvice({ gid, owner, database }: PreparedTransaction): string {
  const statement = `ROLLBACK PREPARED '${gid.replaceAll("'", "''")}'`;
  return `no session to end: '${owner}' or a superuser must run in '${database}': ${statement}`;
}
