import { type Actor, GuichetError } from '@guichet/contract';
import { type CommandOf, type Outcome, stateConflict } from './commands.ts';
import { GRANT_MS } from './observe.ts';
import type { RequestRow } from './row.ts';
import { transition } from './state.ts';
import { requestName } from './store.ts';

const conflict = (row: RequestRow, message: string, remedy: string): GuichetError =>
  new GuichetError('request.state_conflict', `${requestName(row)}: ${message}`, { remedy, details: { state: row.state } });

/** What becomes of an unknown run of which a person says how it ended, after its provider was asked. */
export function resolveRun(
  row: RequestRow,
  { by, command, startWindowMs }: { by: Actor; command: CommandOf<'resolve'>; startWindowMs: number },
): Outcome {
  const { asked, outcome, reason, force } = command;
  if (row.state !== 'unknown') return { refusal: stateConflict(row, 'resolve') };
  // What was asked about was another run, or none yet.
  if (asked === undefined || asked.runId !== row.runId)
    return { refusal: conflict(row, 'it has changed at this moment.', 'Look at it again, then decide.') };
  const { observation, undo, said, againMs } = asked.observed;
  if (said === 'succeeded' || said === 'failed' || said === 'not_started') {
    const next = transition(row, { type: 'settle', observation, undo, grantMs: GRANT_MS, startWindowMs, againMs }, row.readAt);
    const message = `its provider has just said what became of it: ${said.replace('_', ' ')}. That settles it.`;
    // What it says of one try leaves open what others did.
    if (!next.ok || next.changes.state !== 'unknown')
      return { next, refusal: conflict(row, message, `guichet requests show ${requestName(row)} shows it.`) };
  }
  if (said === 'running' && !force)
    return {
      refusal: conflict(
        row,
        'its provider says that it still runs.',
        'Wait for its end. If you know better than the provider, say so: --force (force in the body).',
      ),
    };
  const event = { type: 'resolve', by, outcome, reason, provider: said, grantMs: GRANT_MS } as const;
  const next = transition(row, event, row.readAt);
  if (!next.ok && next.reason === 'early') return { refusal: tooEarly(row) };
  return { next };
}

function tooEarly(row: RequestRow): GuichetError {
  const { dispatchedAt, readAt } = row;
  const at = new Date((dispatchedAt ?? readAt).getTime() + GRANT_MS);
  const seconds = Math.ceil((at.getTime() - readAt.getTime()) / 1000);
  return conflict(
    row,
    `its call may still arrive at the provider until ${at.toISOString()}: nobody can know yet that nothing is done.`,
    `Look again in ${seconds} s, then decide. What has succeeded can be said now.`,
  );
}
