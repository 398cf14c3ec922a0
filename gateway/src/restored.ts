import type { Transaction } from './db/index.ts';
import { endWhatMayHaveRun } from './requests/index.ts';
import { pauseWhatMayHaveFiled, tellSchedule } from './schedules/index.ts';

export interface AfterRestore {
  readonly voided: readonly string[];
  readonly held: readonly string[];
  readonly paused: readonly string[];
}

/** Nobody listens yet, and webhooks know the past: what is done is in the audit log, and on each request. */
const QUIET = {
  outbox: { enqueue: async () => {}, expireLater: async () => {}, remindLater: async () => {} },
  bus: { publish: () => {} },
};

/** Of a database that was restored to an earlier time: nothing that may have happened since happens again by itself. */
export async function afterRestore(tx: Transaction): Promise<AfterRestore> {
  const { voided, held } = await endWhatMayHaveRun(tx, QUIET);
  const comment = 'The database was restored to an earlier time: what it should file may have been filed since.';
  const paused = await pauseWhatMayHaveFiled(tx, comment);
  for (const row of paused)
    await tellSchedule(tx, { row, outbox: QUIET.outbox }, { type: 'schedule.paused', actor: null, data: { comment } });
  return { voided, held, paused: paused.map(({ name }) => name) };
}

export function afterRestoreInWords({ voided, held, paused }: AfterRestore): string {
  const said = [
    ...(voided.length === 0 ? [] : [`Void, for they may have run since: ${voided.join(', ')}. File again what was not done.`]),
    ...(held.length === 0 ? [] : [`Not undone by themselves any more: ${held.join(', ')} (guichet requests list --to-undo).`]),
    ...(paused.length === 0 ? [] : [`Paused schedules: ${paused.join(', ')}.`]),
  ];
  return said.map((line) => `${line}\n`).join('');
}
