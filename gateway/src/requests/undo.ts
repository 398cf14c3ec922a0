import { type Actor, canonicalJson, GuichetError, type Undo } from '@guichet/contract';
import type { Catalog, CatalogAction } from '../catalog/index.ts';
import { type Bus, type Queryable, statement, type Transaction } from '../db/index.ts';
import type { Told, Transition } from './life.ts';
import type { Outbox } from './outbox.ts';
import type { RequestRow } from './row.ts';
import { applyChanges, lockRequest, requestName } from './store.ts';
import { afterUndo, type UndoChanges } from './temporary.ts';

/** A longer one could not be submitted. In characters. */
const LONGEST_INPUT = 250_000;

/**
 * How a run that has succeeded can be undone, of what its provider said with the result. Whatever is wrong with that, the
 * run has succeeded: why it cannot be undone is kept instead.
 */
export function undoFrom(catalog: Catalog, found: CatalogAction, undoInput: Record<string, unknown> | undefined): Undo | null {
  const { undo, provider } = found.action;
  if (undo === undefined) return null;
  const action = `${provider}.${undo}`;
  const impossible = (problem: string): Undo => ({ action, input: null, problem });
  if (undoInput === undefined) return impossible('Its run left nothing that could be undone.');
  const inverse = catalog.find(action);
  if (inverse?.action.kind !== 'write') return impossible(`${action}, which undoes it, is not offered.`);
  try {
    const { shown, secrets } = inverse.checkInput(undoInput);
    if (secrets.length > 0) return impossible(`What undoes it would take a secret, and secrets are not kept.`);
    if (canonicalJson(shown).length > LONGEST_INPUT) return impossible('The input that undoes it is too long to be kept.');
    return { action, input: { ...shown }, problem: null };
  } catch (error) {
    const why = error instanceof GuichetError ? error.message : 'it is not valid.';
    return impossible(`The input that provider '${provider}' gave to undo it cannot be used: ${why}`);
  }
}

const LIVE = statement(
  'undo-live',
  `select number, state from requests
   where undo_of = $1 and state in ('awaiting_approval', 'queued', 'running', 'unknown', 'succeeded')`,
);

/** The request that undoes another one: it has succeeded, or may still. */
export interface LiveUndo {
  readonly number: string;
  readonly state: RequestRow['state'];
}

export async function liveUndo(db: Queryable, number: string): Promise<LiveUndo | undefined> {
  return (await db.query<LiveUndo>(LIVE, [number]))[0];
}

/** Why a request cannot be undone; undefined when it can. */
export function undoRefusal(row: RequestRow, live: LiveUndo | undefined): GuichetError | undefined {
  const id = requestName(row);
  if (live !== undefined) {
    const by = requestName(live);
    return live.state === 'succeeded'
      ? new GuichetError('request.undone', `${id} was undone already, by ${by}.`, {
          remedy: `guichet requests show ${by} shows how. To have it again, run the command again.`,
          details: { undoneBy: by },
        })
      : new GuichetError('request.undone', `${by} undoes ${id} already: it is ${live.state.replaceAll('_', ' ')}.`, {
          remedy: `guichet requests watch ${by} follows it.`,
          details: { undoneBy: by },
        });
  }
  if (row.state !== 'succeeded')
    return new GuichetError(
      'request.not_undoable',
      `${id} is ${row.state.replaceAll('_', ' ')}: only what has succeeded can be undone.`,
      {
        remedy: UNDO_REMEDY[row.state] ?? 'There is nothing to undo.',
        details: { state: row.state },
      },
    );
  if (row.undo?.input == null)
    return new GuichetError(
      'request.not_undoable',
      row.undo?.problem == null
        ? `${id} cannot be undone: ${row.decidedById === null ? `${row.action} names no action that undoes it.` : `a person said that it has succeeded, and nobody how it is undone.`}`
        : `${id} cannot be undone. ${row.undo.problem}`,
      { remedy: 'Run by hand what undoes it, as a request of its own.', details: { state: row.state } },
    );
  return undefined;
}

const UNDO_REMEDY: Partial<Record<RequestRow['state'], string>> = {
  awaiting_approval: 'It has not started: guichet requests withdraw takes it back.',
  queued: 'It has not started: guichet requests cancel stops it.',
  running: 'It is running: guichet requests cancel stops it.',
  unknown: 'Nobody knows what its run did. Once that is settled, it can be undone.',
};

/** Locks a request that is to be undone; throws when it cannot be, so that of two that come at once one is filed. */
export async function claimUndo(tx: Transaction, number: string, byClock = false): Promise<RequestRow> {
  const row = await lockRequest(tx, number);
  if (row === undefined) throw new GuichetError('internal', `REQ-${number}, which is to be undone, is gone.`);
  const refusal = undoRefusal(row, await liveUndo(tx, number));
  if (refusal !== undefined) throw refusal;
  // Put off, or taken in hand by a person, while the clock was asking.
  if (byClock && (row.undoState !== 'scheduled' || row.undoAt === null || row.undoAt > row.readAt))
    throw new GuichetError('request.undone', `The time of ${requestName(row)} is not over any more.`);
  return row;
}

export interface Announcers {
  readonly outbox: Outbox;
  readonly bus: Pick<Bus, 'publish'>;
}

/** Tells on a request that what undoes it was filed. */
export function tellFiled(
  tx: Transaction,
  { row, undo, actor }: { row: RequestRow; undo: string; actor: Actor | undefined },
  announcers: Announcers,
): Promise<void> {
  const data = { undo: requestName({ number: undo }) };
  // By the clock: until it has ended there is nothing to try.
  const changes = actor === undefined ? { undoTryAt: null, undoTries: row.undoTries + 1, undoMessage: null } : {};
  return tell(
    tx,
    { row, changes, told: [{ type: 'request.undo_filed', ...(actor !== undefined && { actor }), data }] },
    announcers,
  );
}

/**
 * Tells on the request that this one undoes how it ended. The undo is locked before what it undoes, here and everywhere:
 * who locked them the other way round could wait for ever.
 */
export async function tellUndone(
  tx: Transaction,
  { row, next }: { row: RequestRow; next: Extract<Transition, { ok: true }> },
  announcers: Announcers,
): Promise<void> {
  const { state, finishedAt, failure } = next.changes;
  if (row.undoOf === null || finishedAt === undefined || finishedAt === null) return;
  const original = await lockRequest(tx, row.undoOf);
  if (original === undefined) return;
  const ended = { undo: requestName(row), state, idempotent: row.idempotent, message: failure?.message };
  await tell(tx, { row: original, ...afterUndo(original, ended, original.readAt) }, announcers);
}

/** Tells something on a request, and changes what it says of its undo. Who is concerned is named: webhooks pass it on. */
export async function tell(
  tx: Transaction,
  { row, changes, told }: { row: RequestRow; changes: UndoChanges; told: readonly Told[] },
  { outbox, bus }: Announcers,
): Promise<void> {
  const concerned = told.map((each) => ({
    ...each,
    data: { ...each.data, concerns: [row.requesterId, `team:${row.ownerTeam}`] },
  }));
  await applyChanges(tx, { row, changes: { state: row.state, ...changes }, told });
  await outbox.enqueue(tx, { request: row, told: concerned });
  tx.afterCommit(() => bus.publish(`request:${row.number}`));
}
