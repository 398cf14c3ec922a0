import { formatDuration, type TreeNode } from '@guichet/contract';
import { commandLine, doing, nameOf } from './describe-session.ts';
import type { LockWait, PreparedTransaction } from './lock-waits.ts';
import type { Session } from './sessions.ts';
import { CANCEL, TERMINATE } from './signal-kind.ts';
import { objection, type Place } from './signal-target.ts';
import { type NodeId, WaitGraph } from './wait-graph.ts';
import { counted, shortened } from './words.ts';

/** Who waits on whom, with all that is shown of them. */
export interface Scene {
  readonly sessions: ReadonlyMap<number, Session>;
  readonly waits: ReadonlyMap<number, LockWait>;
  readonly prepared: ReadonlyMap<string, PreparedTransaction>;
  readonly graph: WaitGraph;
}

const GID = 'gid:';
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
    const draw = (node: NodeId): TreeNode => {
      room -= 1;
      const shown: TreeNode[] = [];
      for (const child of children.get(node) ?? []) {
        if (room > 0) shown.push(draw(child));
        else hidden += 1;
      }
      return { ...describeNode(node, scene, parents.get(node)), ...(shown.length > 0 && { children: shown }) };
    };
    return draw(root);
  });
  return { roots, hidden };
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

function describeNode(node: NodeId, scene: Scene, parent: NodeId | undefined): TreeNode {
  const behind = [...scene.graph.behind(node)].filter((other) => other !== node).length;
  const frees = scene.graph.freedBy([node]).size;
  const weight = behind === 0 ? [] : [`${counted(behind, 'session')} behind it`];
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
  const waits = wait === undefined ? [] : [waitInWords(wait)];
  const open = session.transactionAge === null ? [] : [`transaction open for ${formatDuration(session.transactionAge)}`];
  const query = session.query === '' ? [] : [shortened(session.query, 200)];
  return {
    label: `${node} ${nameOf(session)}${session.application === '' ? '' : ` (${session.user ?? session.kind})`} ${doing(session)}`,
    detail: [...weight, ...cycle, ...waits, ...also, ...(parent === undefined ? open : []), ...query].join(' · '),
    data: { ...factsOf(session, wait), ...common },
  };
}

function factsOf(session: Session, wait: LockWait | undefined): Record<string, unknown> {
  const { pid, application, user, database, client, kind, state, transactionAge, statementAge, query } = session;
  const lock = wait && { type: wait.type, mode: wait.mode, relation: wait.relation };
  return { pid, application, user, database, client, kind, state, transactionAge, statementAge, query, lock: lock ?? null };
}

/** `waits for ExclusiveLock on customers (tuple)` */
function waitInWords({ type, mode, relation }: LockWait): string {
  const what = type === 'transactionid' ? 'a row of another transaction' : type;
  if (relation === null) return `waits for ${mode} on ${what}`;
  return `waits for ${mode} on ${relation}${type === 'relation' ? '' : type === 'transactionid' ? ' (a row)' : ` (${type})`}`;
}

function idInWords(node: NodeId): number | string {
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

function rollbackAdvice({ gid, owner, database }: PreparedTransaction): string {
  const statement = `ROLLBACK PREPARED '${gid.replaceAll("'", "''")}'`;
  return `no session to end: '${owner}' or a superuser must run in '${database}': ${statement}`;
}

/** Sentences: what single step frees most, and the command for it. */
export function adviceOn(scene: Scene, place: Place): string[] {
  const { graph, sessions, prepared } = scene;
  const best = graph.best(graph.roots());
  if (best === undefined) return [];
  const frees = `frees most: ${counted(best.frees, 'waiting session')}`;
  if (typeof best.node === 'string') {
    const transaction = prepared.get(best.node.slice(GID.length));
    return transaction
      ? [`Rolling back the prepared transaction '${transaction.gid}' ${frees}; ${rollbackAdvice(transaction)}`]
      : [];
  }
  const session = sessions.get(best.node);
  if (session === undefined) return [];
  // A statement that runs can be stopped at less cost than its session.
  const kind = session.state === 'active' ? CANCEL : TERMINATE;
  const no = objection(session, kind, place);
  const what = `${kind === CANCEL ? 'Cancelling the query of' : 'Ending the session of'} ${nameOf(session)} (pid ${session.pid})`;
  if (no !== undefined)
    return [`${what} would free most, ${counted(best.frees, 'waiting session')}, but: ${no.message} ${no.remedy}`];
  return [
    `${what} ${frees}. ${commandLine(kind.action, { instance: place.instance, pid: session.pid, env: place.environment })}`,
  ];
}
