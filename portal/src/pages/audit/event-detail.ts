import type { AuditEvent } from '@guichet/contract';

/** Members of the data of an event that say in a sentence what it was about; the first that is there. */
const TELLING = [
  'summary',
  'result',
  'message',
  'reason',
  'comment',
  'what',
  'name',
  'field',
  'claim',
  'status',
  'route',
  'code',
] as const;

/** A few words beside what happened: why, what came out. Empty when the event has none. */
export function detailOf({ data }: Pick<AuditEvent, 'data'>): string {
  for (const name of TELLING) {
    const value = data[name];
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
  }
  return messageIn(data['failure']) ?? deniedIn(data['decision']) ?? '';
}

function messageIn(failure: unknown): string | undefined {
  if (typeof failure !== 'object' || failure === null || !('message' in failure)) return undefined;
  return typeof failure.message === 'string' ? failure.message : undefined;
}

/** Why policy said no. */
function deniedIn(decision: unknown): string | undefined {
  if (typeof decision !== 'object' || decision === null || !('reasons' in decision)) return undefined;
  return Array.isArray(decision.reasons) ? messageIn(decision.reasons[0]) : undefined;
}
