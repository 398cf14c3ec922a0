import { GuichetError, type Request, type Review } from '@guichet/contract';
import { Interrupted } from '../context.ts';
import { clean } from '../output/clean.ts';
import type { Shell } from '../shell.ts';
import { waitingFor } from './plan-text.ts';

/** Why the glass is broken: both are shown to everybody who could have approved. */
export interface Emergency {
  readonly incident: string;
  readonly reason: string;
}

export const SHORTEST_REASON = 10;

/** What is wrong with a reason to break the glass; undefined when nothing is. */
export function problemOfReason(reason: string): string | undefined {
  return reason.trim().length < SHORTEST_REASON ? `Say why, in at least ${SHORTEST_REASON} characters.` : undefined;
}

/** The emergency that the flags name; refuses with all that is missing in them. */
export function readEmergency(incident: string | undefined, reason: string | undefined): Emergency {
  const errors = [
    ...(incident === undefined || incident.trim() === ''
      ? [{ field: '--incident', message: 'Which incident is it for?', remedy: '--incident INC-7' }]
      : []),
    ...(reason === undefined || problemOfReason(reason) !== undefined
      ? [
          {
            field: '--reason',
            message: `Why, in at least ${SHORTEST_REASON} characters`,
            remedy: '--reason "orders stand still"',
          },
        ]
      : []),
  ];
  if (errors.length > 0 || incident === undefined || reason === undefined)
    throw new GuichetError('usage.invalid', 'Breaking the glass needs an incident and a reason.', {
      errors,
      remedy: 'Everybody who could have approved it reads them, and one of them reviews it.',
    });
  return { incident: incident.trim(), reason: reason.trim() };
}

/** Has the word typed that names what is about to happen. Where nobody can type, the flags were the answer. */
export async function confirmGlass(shell: Shell, { word, message }: { word: string; message: string }): Promise<void> {
  if (!shell.interactive) return;
  const { askText } = await import('../prompt/ask.ts');
  const typed = await askText(shell, {
    message: `${message} Type ${word} to break the glass`,
    placeholder: word,
    check: (text) => (text.trim().toLowerCase() === word.toLowerCase() ? undefined : `Type ${word}, or press Ctrl-C.`),
  });
  if (typed.trim().toLowerCase() !== word.toLowerCase()) throw new Interrupted('Nothing was done.');
}

/** Breaks the glass of what was looked at. */
export async function breakGlass(shell: Shell, request: Request, emergency: Emergency): Promise<Request> {
  const client = await shell.client();
  return client.call('requests.break_glass', {
    params: { request: request.id },
    body: { ...emergency, digest: request.digest },
    signal: shell.context.interrupt,
  });
}

/** What it means that the glass is broken. */
export function brokenText(before: Request, { review }: Request): string {
  const without = waitingFor(before.gates);
  const incident = review === null ? '' : ` for ${clean(review.incident)}`;
  return `Broke the glass of ${before.id}${incident}: it runs${without === undefined ? '' : ` without ${without}`}. Its approvers are told, and one of them reviews it.`;
}

/** `justified`, `not justified`. */
export const verdictText = (verdict: Review['verdict']): string => (verdict ?? 'open').replace('_', ' ');
