import { formatDuration, GuichetError, type Output, type Plan } from '@guichet/contract';
import type { RequestRow } from './row.ts';
import { requestName } from './store.ts';
import type { LiveUndo } from './undo.ts';

/** The end that an extension puts off is the one that its approvers saw. */
const fingerprintOf = ({ number, undoAt }: RequestRow): string => `extend:${number}:${undoAt?.toISOString() ?? ''}`;

/** `2026-12-01 06:00:00 UTC`: whoever reads a plan may be anywhere. */
const inWords = (time: Date): string => `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;

export function extensionPlan(row: RequestRow, seconds: number): Plan {
  const { type, id } = { type: row.resourceType, id: row.resourceId };
  const until = row.undoAt === null ? '' : inWords(row.undoAt);
  return {
    summary: `Keeps ${requestName(row)} for ${formatDuration(seconds)} more: ${row.plan.summary}`,
    effects: [row.undoState === 'held' ? `It should have been undone at ${until}.` : `It would be undone at ${until}.`],
    warnings: [],
    resource: { ...row.plan.resource, type, id },
    fingerprint: fingerprintOf(row),
  };
}

/** Why the end of a request cannot be put off; undefined when it can. */
export function extensionRefusal(row: RequestRow, live: LiveUndo | undefined): GuichetError | undefined {
  const id = requestName(row);
  const conflict = (message: string, remedy: string): GuichetError =>
    new GuichetError('request.state_conflict', message, { remedy, details: { state: row.state } });
  if (row.lastsSeconds === null || row.extensionOf !== null)
    return conflict(
      `${id} was not asked for a while: it has no end that could be put off.`,
      `guichet requests show ${id} shows it.`,
    );
  if (row.undoState === null)
    return conflict(
      `${id} is ${row.state.replaceAll('_', ' ')}: its time has not begun.`,
      'Once it has succeeded, its end can be put off.',
    );
  if (row.undoState === 'undone' || live?.state === 'succeeded')
    return conflict(`${id} is undone already.`, 'Run the command again.');
  if (live !== undefined && live.state !== 'awaiting_approval')
    return conflict(`${requestName(live)} is undoing ${id}.`, `guichet requests watch ${requestName(live)} follows it.`);
  return undefined;
}

/** Why an approved extension can no longer be made; undefined when it can. */
export function extensionHindrance(extension: RequestRow, original: RequestRow, live: LiveUndo | undefined): string | undefined {
  const refusal = extensionRefusal(original, live);
  if (refusal !== undefined) return refusal.message;
  return fingerprintOf(original) === extension.plan.fingerprint
    ? undefined
    : 'Its end has been put off by another request since.';
}

/** When it is undone by an extension that is made now. */
export function extendedUntil({ undoAt }: RequestRow, { lastsSeconds }: Pick<RequestRow, 'lastsSeconds'>, now: Date): Date {
  return new Date(Math.max(now.getTime(), undoAt?.getTime() ?? 0) + (lastsSeconds ?? 0) * 1000);
}

/**
 * For how long, of what is put off by so much, it is there in all: a rule about how long something may be for is not passed in
 * pieces. In seconds.
 */
export function wholeTime(original: RequestRow, seconds = 0): number {
  const end = extendedUntil(original, { lastsSeconds: seconds }, original.readAt).getTime();
  const began = original.finishedAt?.getTime() ?? end - seconds * 1000;
  return Math.ceil((end - began) / 1000);
}

export function extensionOutput(original: RequestRow, undoAt: Date): Output {
  const fields = [{ key: 'undoAt', title: 'Undone at', type: 'timestamp' as const, value: undoAt.toISOString() }];
  return { kind: 'record', summary: `${requestName(original)} is undone at ${inWords(undoAt)}`, fields };
}
