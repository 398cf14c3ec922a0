import { approversInWords, formatDuration, type Request } from '@guichet/contract';
import type { Canvas } from '../output/canvas.ts';
import { formatCell } from '../output/cell.ts';
import { clean } from '../output/clean.ts';
import { drawOutput } from '../output/draw.ts';
import { wrap } from '../output/width.ts';
import { verdictText } from './glass.ts';
import { planText, waitingFor } from './plan-text.ts';

/** Where what stands beside a title begins. */
const FIELD_INDENT = 13;

/** A whole request, as `requests show` prints it and as an approver reads it. */
export function requestText(request: Request, canvas: Canvas): string {
  const { paint } = canvas;
  const state = formatCell(request.state, 'state', canvas);
  const time = (at: string): string => formatCell(at, 'timestamp', canvas).text;
  const lines = [
    `${paint.bold(request.id)} · ${clean(request.title)} · ${state.tint?.(state.text) ?? state.text}`,
    field('Action', `${clean(request.action)} in ${clean(request.environment)} (${request.risk})`),
    field('Requester', `${clean(request.requester.name)}, ${time(request.createdAt)}`),
    field('Reason', request.reason === '' ? '–' : clean(request.reason)),
    ...Object.entries(request.input).map(([name, value], index) =>
      field(index === 0 ? 'Input' : '', `${clean(name)} = ${clean(typeof value === 'string' ? value : JSON.stringify(value))}`),
    ),
    planText(request.plan, canvas),
    ...request.gates.map((gate) =>
      field(
        'Approval',
        `${gate.approved} of ${gate.count} from ${clean(approversInWords(gate.approvers))}: ${clean(gate.reason)}`,
      ),
    ),
    ...request.approvals.map(({ by, at, comment, reusedFrom, former }) =>
      field(
        'Approved',
        `by ${clean(by.name)}, ${time(at)}${reusedFrom === null ? '' : `, for ${reusedFrom}`}${comment === '' ? '' : `: ${clean(comment)}`}${former === true ? paint.yellow(' (counts no more: the name stands for somebody else, or another account)') : ''}`,
      ),
    ),
  ];
  if (request.review !== null) {
    const { brokenBy, incident, reason, at, closedBy, closedAt, verdict, comment } = request.review;
    lines.push(
      field('Glass', paint.red(`broken by ${clean(brokenBy.name)} for ${clean(incident)}, ${time(at)}: ${clean(reason)}`)),
    );
    lines.push(
      field(
        'Review',
        closedBy === null || closedAt === null
          ? paint.yellow('open: one of its approvers, somebody else, closes it')
          : `${verdictText(verdict)}, by ${clean(closedBy.name)}, ${time(closedAt)}: ${clean(comment ?? '')}`,
      ),
    );
  }
  if (request.decidedBy !== null)
    lines.push(field('Decided', `by ${clean(request.decidedBy.name)}${request.comment ? `: ${clean(request.comment)}` : ''}`));
  if (request.waitsFor !== null) lines.push(field('Waits', paint.yellow(heldText(request.waitsFor))));
  if (request.startAt !== null) lines.push(field('Starts', `not before ${time(request.startAt)}`));
  if (request.temporary !== null) lines.push(field('For', temporaryText(request.temporary, { time, paint })));
  if (request.extensionOf !== null) lines.push(field('Extends', request.extensionOf));
  if (request.undoOf !== null) lines.push(field('Undoes', request.undoOf));
  if (request.undoneBy !== null) lines.push(field('Undone', `by ${request.undoneBy}`));
  else if (request.undo?.problem != null) lines.push(field('Undo', clean(request.undo.problem)));
  if (request.expiresAt !== null) lines.push(field('Lapses', time(request.expiresAt)));
  const receipt = receiptText(request, canvas);
  if (receipt !== undefined) lines.push(field('Receipt', receipt));
  const end = endText(request, canvas);
  if (end !== undefined) lines.push(end);
  if (request.allowed.length > 0)
    lines.push(
      paint.dim(
        `You can: ${request.allowed.map((command) => `guichet requests ${command.replace('_', '-')} ${request.id}`).join(' · ')}`,
      ),
    );
  return lines.join('\n');

  function field(title: string, text: string): string {
    return `  ${paint.dim(title.padEnd(9))}  ${wrap(text, { width: canvas.width - FIELD_INDENT, indent: FIELD_INDENT })}`;
  }
}

/** What the provider has signed, in brief; undefined when it signs nothing. */
function receiptText({ run }: Request, canvas: Canvas): string | undefined {
  const receipt = run?.receipt ?? null;
  if (receipt === null) return undefined;
  const { verdict, reason, kid, status, finishedAt } = receipt;
  if (verdict !== 'verified') return canvas.paint.yellow(`${verdict}: ${clean(reason ?? '')}`);
  const time = finishedAt === null ? '' : `, ${formatCell(finishedAt, 'timestamp', canvas).text}`;
  return `${clean(status ?? '')}, signed with the key ${clean(kid ?? '')}${time}`;
}

/** Why what is queued does not start. */
const heldText = (waitsFor: string): string => `for ${waitsFor} on the same resource, whose outcome is unknown`;

function temporaryText(
  { seconds, state, undoAt, message }: NonNullable<Request['temporary']>,
  { time, paint }: { time: (at: string) => string; paint: Canvas['paint'] },
): string {
  const span = formatDuration(seconds);
  const why = message === null ? '' : `: ${clean(message)}`;
  switch (state) {
    case 'pending':
      return `${span} from its success`;
    case 'scheduled':
      return `${span}: it is undone ${undoAt === null ? '' : time(undoAt)}${message === null ? '' : paint.yellow(` (it takes longer${why})`)}`;
    case 'held':
      return paint.red(`${span}: a person has to undo it${why}`);
    case 'undone':
      return `${span}, and was undone`;
  }
}

/** How it ended: the receipt, or why there is none; undefined while it has not. */
export function endText(request: Request, canvas: Canvas): string | undefined {
  const { paint } = canvas;
  const { state, failure, comment, decidedBy } = request;
  const why =
    failure === null
      ? ''
      : `: ${clean(failure.message)}${failure.remedy === undefined ? '' : `\n  ${paint.cyan('→')} ${clean(failure.remedy)}`}`;
  const by = decidedBy === null ? '' : ` by ${clean(decidedBy.name)}${comment ? `: ${clean(comment)}` : ''}`;
  switch (state) {
    case 'succeeded':
      if (request.output === null) return paint.green('Succeeded.');
      // Beside a mark the columns of a table would be out of line.
      if (request.output.kind === 'table') {
        const { title = 'Succeeded', ...table } = request.output;
        return `${paint.green(`✓ ${clean(title)}`)}\n${drawOutput(table, canvas)}`;
      }
      return `${paint.green('✓')} ${drawOutput(request.output, canvas)}`;
    case 'failed':
      return `${paint.red('✗ Failed')}${why}`;
    case 'rejected':
      return `${paint.red('✗ Rejected')}${by}`;
    case 'withdrawn':
      return `✗ Withdrawn${by}`;
    case 'cancelled':
      return `✗ Cancelled${by}${why}`;
    case 'expired':
      return `${paint.red('✗ Expired')}: ${wasQueued(request) ? 'it did not start in time' : 'nobody decided in time'}. Run the command again if it is still needed.`;
    case 'void':
      return `${paint.red('✗ Void')}${why}${request.drift === null ? '' : `\n  It would now be: ${clean(request.drift.summary)}\n  Run the command again to ask for that.`}`;
    case 'unknown':
      return `${paint.yellow('? Unknown')}: nobody saw how the run ended${why}. Look at what it acted on before you run it again.`;
    case 'awaiting_approval':
    case 'queued':
    case 'running':
      return undefined;
  }
}

/** True of what had all its approvals. */
const wasQueued = ({ gates, review }: Request): boolean =>
  review !== null || gates.every(({ approved, count }) => approved >= count);

/** `REQ-12 · Waiting for 1 approval from team 'payments' …` */
export function standingText(request: Request): string {
  const waits = request.state === 'awaiting_approval' ? waitingFor(request.gates) : undefined;
  if (waits !== undefined) return `${request.id} · Waiting for ${waits} …`;
  if (request.waitsFor !== null) return `${request.id} · Waits ${heldText(request.waitsFor)} …`;
  const glass = request.review === null ? '' : ` · Glass broken for ${clean(request.review.incident)}`;
  return `${request.id}${glass} · ${request.state === 'running' ? 'Running' : 'Queued'} …`;
}
