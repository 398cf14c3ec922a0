import type { RequestEvent } from '@guichet/contract';
import type { EventFacts } from '../../../messages/en/request-events.ts';
import type { Tone } from '../../../ui/badge.tsx';

/** An event as the timeline tells it. */
export interface ToldEvent {
  readonly facts: EventFacts;
  /** Somebody's own words: a comment, a reason. */
  readonly quote?: string;
  /** Why, in the words of the gateway or of the provider. */
  readonly because?: string;
  /** A time that it speaks of, ISO 8601. */
  readonly when?: string;
  /** Another request that it speaks of. */
  readonly link?: string;
}

/** What an event says, part by part; of an event of a newer gateway as much as fits. */
export function toldEvent({ type, actor, data }: RequestEvent): ToldEvent {
  const text = (name: string): string | undefined => {
    const value = data[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  // `by` is a person in the event of a reused approval and a request in that of an extension.
  const other = text('undo') ?? text('reusedFrom') ?? text('waitsFor') ?? (type === 'request.extended' ? text('by') : undefined);
  const approvers = data['approvers'];
  const attempt = data['attempt'];
  const quote = text('comment') ?? text('reason');
  const because = messageIn(data['failure']) ?? text('message') ?? text('why') ?? text('result');
  const when = text('undoAt') ?? text('runAfter');
  return {
    facts: {
      by: actor?.name,
      other,
      giver: nameIn(data['by']),
      incident: text('incident'),
      attempt: typeof attempt === 'number' ? attempt : undefined,
      told: Array.isArray(approvers) ? approvers.length : undefined,
      state: text('outcome') ?? text('verdict') ?? text('state') ?? text('status'),
      was: text('was'),
    },
    ...(quote !== undefined && { quote }),
    ...(because !== undefined && { because }),
    ...(when !== undefined && { when }),
    ...(other !== undefined && { link: other }),
  };
}

const TONES: Partial<Record<RequestEvent['type'], Tone>> = {
  'request.approved': 'good',
  'request.approval_reused': 'good',
  'request.succeeded': 'good',
  'request.undone': 'good',
  'request.rejected': 'bad',
  'request.failed': 'bad',
  'request.voided': 'warn',
  'request.expired': 'warn',
  'request.lost': 'warn',
  'request.glass_broken': 'bad',
  'request.review_reminded': 'warn',
  'request.receipt_missing': 'warn',
  'request.receipt_refused': 'bad',
  'request.undo_failed': 'bad',
  'request.undo_delayed': 'warn',
  'request.undo_held': 'bad',
};

export const toneOf = (type: RequestEvent['type']): Tone => TONES[type] ?? 'neutral';

function nameIn(actor: unknown): string | undefined {
  return typeof actor === 'object' && actor !== null && 'name' in actor && typeof actor.name === 'string'
    ? actor.name
    : undefined;
}

function messageIn(failure: unknown): string | undefined {
  if (typeof failure !== 'object' || failure === null || !('message' in failure)) return undefined;
  return typeof failure.message === 'string' ? failure.message : undefined;
}
