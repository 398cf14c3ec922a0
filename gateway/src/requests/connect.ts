import { GuichetError } from '@guichet/contract';
import type { RequestRow } from './row.ts';
import { requestName } from './store.ts';
import type { LiveUndo } from './undo.ts';

/** Why nobody can connect to a request; undefined when whoever asked for it can. */
export function connectRefusal(row: RequestRow, live: LiveUndo | undefined): GuichetError | undefined {
  const id = requestName(row);
  const no = (message: string, remedy: string): GuichetError =>
    new GuichetError('request.not_connectable', message, { remedy, details: { state: row.state } });
  if (row.output?.kind !== 'connection' || row.extensionOf !== null) {
    if (row.state !== 'succeeded' || row.output !== null)
      return no(
        `${id} gives nothing to connect to: it is ${row.state.replaceAll('_', ' ')}.`,
        REMEDY[row.state] ?? 'File one that does.',
      );
    return no(`${id} gives nothing to connect to.`, `guichet requests show ${id} shows what became of it.`);
  }
  if (isOver(live)) {
    const by = requestName(live);
    const over = live.state === 'succeeded';
    return no(`${id} is over: ${by} ${over ? 'has undone' : 'undoes'} it.`, 'Ask for it anew: run the command again.');
  }
  if (row.undoAt !== null && row.undoAt <= row.readAt)
    return no(`${id} is over: its time ended at ${row.undoAt.toISOString()}.`, 'Ask for it anew: run the command again.');
  return undefined;
}

/** What undoes it has been let run, so that it is over: whatever becomes of that. One that waits for approvals changes nothing. */
export const isOver = (live: LiveUndo | undefined): live is LiveUndo => live !== undefined && live.state !== 'awaiting_approval';

const REMEDY: Partial<Record<RequestRow['state'], string>> = {
  awaiting_approval: 'It waits for an approval: guichet requests watch follows it.',
  queued: 'It has not started: guichet requests watch follows it.',
  running: 'It is running: guichet requests watch follows it.',
};
