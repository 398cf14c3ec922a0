import { GuichetError, type Observation, type Undo } from '@guichet/contract';
import { GRANT_SECONDS, type ProviderCalls, type ProviderEnd } from '../catalog/index.ts';
import type { Database } from '../db/index.ts';
import type { EndHeard } from '../receipts/index.ts';
import type { Sealer } from '../sealing/index.ts';
import type { ProviderSaid } from './life.ts';
import type { RequestRow } from './row.ts';
import { openInput } from './secrets.ts';
import type { World } from './standing.ts';
import { requestName } from './store.ts';
import { undoFrom } from './undo.ts';

/**
 * How long after its dispatch a lost call may still be accepted: the life of its grant, 5 s that a provider tolerates,
 * and 5 s that its clock may be behind ours.
 */
export const GRANT_MS = GRANT_SECONDS * 1000 + 10_000;
/** When to ask again. */
const AGAIN_MS = { running: 2000, unknown: 30_000, unreachable: 5000 } as const;

export interface ObserveOptions extends World {
  readonly db: Database;
  readonly calls: ProviderCalls;
  readonly sealer: Sealer;
}

export interface Observed {
  readonly observation: Observation;
  /** How what has succeeded is undone. */
  readonly undo: Undo | null;
  readonly said: ProviderSaid;
  readonly againMs: number;
  /** The end that it told, with its receipt. */
  readonly end?: EndHeard | undefined;
  /** Why the provider did not answer. */
  readonly error?: GuichetError;
}

/** Asks the provider what became of a run whose end nobody saw. Not inside a transaction. */
export async function observeRun(row: RequestRow, options: ObserveOptions): Promise<Observed> {
  const { db, catalog, calls, directory } = options;
  const found = catalog.find(row.action);
  // A newer version of the action may be able to say what the one that ran could not.
  if (!row.observable && found?.action.observable !== true) return UNOBSERVABLE;
  if (found === undefined || row.runId === null || !found.action.available) return UNREACHABLE;
  // Whoever asked may have left the company since; what they started is looked after all the same.
  const requester = (await directory.members(db, [row.requesterId])).get(row.requesterId);
  const caller = { id: row.requesterId, name: row.requesterName, teams: [...(requester?.teams ?? [])] };
  const { environment, approvals, runId, plan } = row;
  try {
    const { input, secrets } = await openInput(row, options);
    const subject = {
      found,
      environment,
      input,
      secrets,
      caller,
      approvers: approvals.map(({ by }) => by),
      request: requestName(row),
      run: runId,
      seen: plan.seen,
    };
    let came: ProviderEnd | undefined;
    const onEnd = (said: ProviderEnd): void => {
      came = said;
    };
    const observation = await calls.observe({ ...subject, onEnd });
    const { status } = observation;
    const shown = status === 'succeeded' ? observation.output : status === 'failed' ? observation.failure : undefined;
    const end = came && shown && { said: came, shown, declared: found.signsReceipts };
    const undo = status === 'succeeded' ? undoFrom(catalog, found, observation.undoInput) : null;
    return { observation, undo, end, said: status, againMs: status === 'running' ? AGAIN_MS.running : AGAIN_MS.unknown };
  } catch (error) {
    if (!(error instanceof GuichetError)) throw error;
    return { ...UNREACHABLE, observation: { status: 'unknown', message: error.message }, error };
  }
}

const UNOBSERVABLE: Observed = {
  observation: { status: 'unknown' },
  undo: null,
  said: 'unobservable',
  againMs: AGAIN_MS.unknown,
};
const UNREACHABLE: Observed = {
  observation: { status: 'unknown' },
  undo: null,
  said: 'unreachable',
  againMs: AGAIN_MS.unreachable,
};
