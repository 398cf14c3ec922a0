import type { Transaction } from './db/index.ts';
import { endWhatMayHaveRun } from './requests/index.ts';
import { endWhatMayHaveFiled } from './schedules/index.ts';

export interface AfterRestore {
  readonly voided: readonly string[];
  readonly underWay: readonly string[];
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
  const { voided, underWay, held } = await endWhatMayHaveRun(tx, QUIET);
  const paused = await endWhatMayHaveFiled(tx, QUIET.outbox);
  return { voided, underWay, held, paused: paused.map(({ name }) => name) };
}

export function afterRestoreInWords({ voided, underWay, held, paused }: AfterRestore): string {
  const said = [
    ...(voided.length === 0 ? [] : [`Void, for they may have run since: ${voided.join(', ')}. File again what was not done.`]),
    ...(underWay.length === 0 ? [] : [`Under way then, asked about and not tried again: ${underWay.join(', ')}.`]),
    ...(held.length === 0 ? [] : [`Not undone by themselves any more: ${held.join(', ')} (guichet requests list --to-undo).`]),
    ...(paused.length === 0 ? [] : [`Paused schedules: ${paused.join(', ')}.`]),
  ];
  return said.map((line) => `${line}\n`).join('');
}
