import type { RequestEvent } from '@guichet/contract';
import { clean } from '../output/clean.ts';
import type { Paint } from '../output/paint.ts';
import { formatTime } from '../output/units.ts';

/** One event as a line, or undefined for those that only programs need. */
export function eventText(event: RequestEvent, { paint, now }: { paint: Paint; now: Date }): string | undefined {
  const text = wording(event, paint);
  return text === undefined ? undefined : `${paint.dim(formatTime(new Date(event.at), now))}  ${text}`;
}

function wording({ type, actor, data }: RequestEvent, paint: Paint): string | undefined {
  const by = actor === null ? '' : ` by ${clean(actor.name)}`;
  const comment = typeof data['comment'] === 'string' && data['comment'] !== '' ? `: ${clean(data['comment'])}` : '';
  switch (type) {
    case 'request.submitted':
      return `Submitted${by}`;
    case 'request.approved':
      return `${paint.green('Approved')}${by}${comment}`;
    case 'request.rejected':
      return `${paint.red('Rejected')}${by}${comment}`;
    case 'request.withdrawn':
      return `Withdrawn${by}${comment}`;
    case 'request.expired':
      return paint.red(expiredText(data));
    case 'request.approval_reused':
      return `${paint.green('Approval counts again')}: of ${nameIn(data['by'])}, given for ${clean(String(data['reusedFrom'] ?? ''))}`;
    case 'request.glass_broken':
      return `${paint.red('Glass broken')}${by} for ${clean(String(data['incident'] ?? ''))}: ${clean(String(data['reason'] ?? ''))}${told(data)}`;
    case 'request.reviewed':
      return `Reviewed${by}, ${clean(String(data['verdict'] ?? '').replace('_', ' '))}${comment}`;
    case 'request.review_reminded':
      return `${paint.yellow('Its review is still open')}${told(data)}`;
    case 'request.receipt_missing':
    case 'request.receipt_refused':
      return `${paint.yellow('No good receipt')}${because(data)}`;
    case 'request.undo_filed':
      return `${clean(String(data['undo'] ?? ''))} was filed to undo it${by}`;
    case 'request.undone':
      return `${paint.green('Undone')} by ${clean(String(data['undo'] ?? ''))}`;
    case 'request.undo_failed':
      return `${paint.red('Not undone')}: ${clean(String(data['undo'] ?? ''))} is ${clean(String(data['state'] ?? '').replaceAll('_', ' '))}${because(data)}`;
    case 'request.undo_scheduled':
      return `It is undone at ${clean(String(data['undoAt'] ?? ''))}${typeof data['why'] === 'string' ? `: ${clean(data['why'])}` : ''}`;
    case 'request.undo_delayed':
      return `${paint.yellow('Its undo takes longer')}${because(data)}`;
    case 'request.undo_held':
      return `${paint.red('A person has to undo it')}${because(data)}`;
    case 'request.extended':
      return `Extended by ${clean(String(data['by'] ?? ''))}: it is undone at ${clean(String(data['undoAt'] ?? ''))}`;
    case 'request.queued':
      return 'Queued';
    case 'request.started':
      return typeof data['attempt'] === 'number' && data['attempt'] > 1 ? `Started (attempt ${data['attempt']})` : 'Started';
    case 'request.dispatched':
      return undefined;
    case 'request.cancel_requested':
      return `Cancel asked for${by}${comment}`;
    case 'request.requeued':
      return `Queued again${because(data)}`;
    case 'request.lost':
      return paint.yellow(`Nobody knows how the run ended${because(data)}`);
    case 'request.settled':
      return `The provider says what became of it: ${clean(String(data['status'] ?? ''))}`;
    case 'request.resolved':
      return `${paint.yellow('Resolved')}${by} as ${clean(String(data['outcome'] ?? '').replace('_', ' '))}${comment}`;
    case 'request.voided':
      return `${paint.red('Void')}${because(data)}`;
    case 'request.succeeded':
      return `${paint.green('Succeeded')}${typeof data['result'] === 'string' ? `: ${clean(data['result'])}` : ''}`;
    case 'request.failed':
      return `${paint.red('Failed')}${because(data)}`;
    case 'request.cancelled':
      return `Cancelled${by}${comment}`;
    case 'run.log':
      return logText(data, paint);
    case 'run.progress':
      return progressText(data);
    default:
      // Of a newer gateway.
      return clean(String(type));
  }
}

function expiredText({ was, waitsFor }: RequestEvent['data']): string {
  if (was !== 'queued') return 'Expired: nobody decided in time';
  const held = typeof waitsFor === 'string' ? `: it waited for ${clean(waitsFor)}, whose outcome is unknown` : '';
  return `Expired: it did not start in time${held}`;
}

/** ` (3 approvers are told)` */
function told(data: RequestEvent['data']): string {
  const count = Array.isArray(data['approvers']) ? data['approvers'].length : 0;
  return count === 0 ? ' (nobody is there to review it)' : ` (${count === 1 ? '1 approver is' : `${count} approvers are`} told)`;
}

function nameIn(actor: unknown): string {
  return typeof actor === 'object' && actor !== null && 'name' in actor ? clean(String(actor.name)) : 'somebody';
}

/** Why, from the two shapes in which events say it. */
function because(data: RequestEvent['data']): string {
  const failure = data['failure'];
  const inFailure = typeof failure === 'object' && failure !== null && 'message' in failure ? failure.message : undefined;
  const message = inFailure ?? data['message'];
  if (typeof message === 'string' && message !== '') return `: ${clean(message)}`;
  return typeof data['waitsFor'] === 'string' ? `: it waits for ${clean(data['waitsFor'])}, whose outcome is unknown` : '';
}

function logText(data: RequestEvent['data'], paint: Paint): string {
  const message = clean(String(data['message'] ?? ''));
  if (data['level'] === 'error') return `  ${paint.red(message)}`;
  return `  ${data['level'] === 'warn' ? paint.yellow(message) : message}`;
}

const BAR_WIDTH = 20;

/** `[██████░░░░] 60% · copying`, `600 done` where the total is not known. */
export function progressText(data: RequestEvent['data']): string {
  const { done, total, message } = data as { done?: unknown; total?: unknown; message?: unknown }; // each is checked below
  const parts: string[] = [];
  if (typeof done === 'number' && typeof total === 'number' && total > 0) {
    const share = Math.min(1, Math.max(0, done / total));
    const full = Math.round(share * BAR_WIDTH);
    parts.push(`[${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}] ${Math.floor(share * 100)}%`);
  } else if (typeof done === 'number') parts.push(`${done} done`);
  if (typeof message === 'string' && message !== '') parts.push(clean(message));
  return `  ${parts.join(' · ')}`;
}
