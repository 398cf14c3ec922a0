import { formatDuration } from '@guichet/contract';
import { GID, idInWords, rollbackAdvice, type Scene } from './blocking-tree.ts';
import { commandLine, introduce, nameOf } from './describe-session.ts';
import type { PreparedTransaction } from './lock-waits.ts';
import { CANCEL, type SignalKind, TERMINATE } from './signal-kind.ts';
import { objection, type Place } from './signal-target.ts';
import type { NodeId } from './wait-graph.ts';
import { counted } from './words.ts';

/** One thing that can be done to one of those that block, and what it frees. */
export interface Step {
  readonly node: NodeId;
  /** How many go on. */
  readonly frees: number;
  /** `Ending the session of 'orders-migration' (pid 14024)` */
  readonly what: string;
  /** The command, or why there is none. */
  readonly by: { readonly command: string } | { readonly objection: string };
}

/** In a queue of thousands all but the first few free nobody by themselves. */
const MOST_WEIGHED = 40;

/** What can be done, what frees most first. A root comes before those in the middle that free as many. */
export function stepsOn(scene: Scene, place: Place): Step[] {
  const { graph } = scene;
  return [...new Set([...graph.roots(), ...graph.blockers()])]
    .slice(0, MOST_WEIGHED)
    .map((node) => ({ node, frees: graph.freedBy([node]).size }))
    .filter(({ frees }) => frees > 0)
    .sort((a, b) => b.frees - a.frees)
    .flatMap(({ node, frees }) => stepOn(node, frees, { scene, place }) ?? []);
}

function stepOn(node: NodeId, frees: number, { scene, place }: { scene: Scene; place: Place }): Step | undefined {
  if (typeof node === 'string') {
    const transaction = scene.prepared.get(node.slice(GID.length));
    if (transaction === undefined) return undefined;
    return { node, frees, what: `Rolling back the ${idInWords(node)}`, by: { objection: rollbackAdvice(transaction) } };
  }
  const session = scene.sessions.get(node);
  if (session === undefined) return undefined;
  // A statement that runs can be stopped at less cost than its session.
  const kind: SignalKind = session.state === 'active' ? CANCEL : TERMINATE;
  const what = `${kind === CANCEL ? 'Cancelling the query of' : 'Ending the session of'} ${nameOf(session)} (pid ${session.pid})`;
  const no = objection(session, kind, place);
  const command = commandLine(kind.action, { instance: place.instance, pid: session.pid, env: place.environment });
  return { node, frees, what, by: no === undefined ? { command } : { objection: `${no.message} ${no.remedy}` } };
}

/** Sentences: what single step frees most, and the command for it; when it may not be taken, also the best that may. */
export function adviceOn(scene: Scene, place: Place): string[] {
  const steps = stepsOn(scene, place);
  const [best] = steps;
  if (best === undefined) return [];
  const freed = counted(best.frees, 'waiting session');
  if ('command' in best.by) return [`${best.what} frees most: ${freed}. ${best.by.command}`];
  if (typeof best.node === 'string') return [`${best.what} frees most: ${freed}; ${best.by.objection}`];
  const allowed = steps.find(({ by }) => 'command' in by);
  return [
    `${best.what} would free most, ${freed}, but: ${best.by.objection}`,
    ...(allowed !== undefined && 'command' in allowed.by
      ? [`What may be signalled and frees most, ${counted(allowed.frees, 'waiting session')}: ${allowed.by.command}`]
      : []),
  ];
}

/** A prepared transaction is ended within moments by whoever prepared it; one of this age, in seconds, has been forgotten. */
const FORGOTTEN = 60;
const MOST_FORGOTTEN = 3;

/** Sentences about prepared transactions that nobody waits for yet, the oldest first. */
export function notesOnForgotten(prepared: Iterable<PreparedTransaction>): string[] {
  const forgotten = [...prepared].filter(({ age }) => age >= FORGOTTEN).sort((a, b) => b.age - a.age);
  const notes = forgotten
    .slice(0, MOST_FORGOTTEN)
    .map(
      (transaction) =>
        `Nobody waits for the prepared transaction '${transaction.gid}' now, but it has kept its locks, and vacuum from its work, for ${formatDuration(transaction.age)}; ${rollbackAdvice(transaction)}`,
    );
  if (forgotten.length > MOST_FORGOTTEN) notes.push(`So it is with ${forgotten.length - MOST_FORGOTTEN} more of them.`);
  return notes;
}

const MOST_EXPLAINED = 3;
const MOST_STEPS = 4;

/** What happens, in whole sentences for somebody who sees such a tree for the first time. */
export function explain(scene: Scene, place: Place): string[] {
  const roots = scene.graph.roots();
  const lines = roots.slice(0, MOST_EXPLAINED).map((root) => `${rootInWords(root, scene)} ${behindInWords(root, scene)}`);
  if (roots.length > MOST_EXPLAINED) lines.push(`${roots.length - MOST_EXPLAINED} more hold others up in the same way.`);
  const steps = stepsOn(scene, place).slice(0, MOST_STEPS);
  const described = steps.map(
    ({ what, frees, by }) => `${what} frees ${frees}${'command' in by ? '' : ', but is not possible from here'}`,
  );
  if (described.length > 1) lines.push(`What each single step would free: ${described.join('; ')}.`);
  return lines;
}

function rootInWords(root: NodeId, { sessions, graph, waits }: Scene): string {
  if (typeof root === 'string' || root === 0) {
    const id = String(idInWords(root));
    return `${id.charAt(0).toUpperCase()}${id.slice(1)} keeps the locks that it took before it was prepared; it has no session, so no signal reaches it.`;
  }
  const session = sessions.get(root);
  if (session === undefined) return `The session with pid ${root} has ended meanwhile.`;
  const who = introduce(session);
  if (graph.inCycle(root)) {
    return `${who} is part of a deadlock: it waits for sessions that wait for it. The server ends one of them after deadlock_timeout.`;
  }
  if (waits.has(root)) return `${who} waits for a lock itself, of somebody who has ended meanwhile.`;
  return session.state === 'active'
    ? `${who} works, and keeps the locks that it has taken until its transaction ends: let it finish, or cancel it.`
    : `${who} runs nothing. It keeps the locks that its transaction has taken until somebody ends the transaction or the session.`;
}

function behindInWords(root: NodeId, scene: Scene): string {
  const { graph, sessions, waits } = scene;
  const behind = [...graph.behind(root)].filter((node) => node !== root);
  const names = tally(behind.map((node) => (typeof node === 'number' ? nameIn(sessions.get(node)) : String(idInWords(node)))));
  const wanted = new Set(behind.flatMap((node) => (typeof node === 'number' ? (waits.get(node)?.relation ?? []) : [])));
  const first = [...graph.waitersOn(root)];
  const queued = behind.length - first.length;
  return [
    `${counted(behind.length, 'session')} ${behind.length === 1 ? 'waits' : 'wait'} behind it: ${names}.`,
    ...(wanted.size === 0 ? [] : [`They want locks on ${listed([...wanted])}.`]),
    ...(queued > 0
      ? [
          `${first.length === 1 ? 'One of them waits' : `${first.length} of them wait`} for it, the other ${queued} in the queue behind ${first.length === 1 ? 'that one' : 'those'}.`,
        ]
      : []),
  ].join(' ');
}

const nameIn = (session: Parameters<typeof nameOf>[0] | undefined): string =>
  session === undefined ? 'ended meanwhile' : nameOf(session);

const MOST_TALLIED = 4;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_TALLIED);
  return `${shown.join(', ')}${names.length > shown.length ? ' and others' : ''}`;
}

/** `12 of 'checkout', 1 of 'report'`: each word with how often it comes, the most frequent first. */
function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const shown = sorted.slice(0, MOST_TALLIED).map(([word, count]) => `${count} of ${word}`);
  return [...shown, ...(sorted.length > MOST_TALLIED ? ['others'] : [])].join(', ');
}
