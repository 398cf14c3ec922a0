import type { RequestEventType } from '@guichet/contract';

/** What is known of an event beside its type, for a sentence about it. What is not known is left out of it. */
export interface EventFacts {
  /** Who did it; absent when the gateway did. */
  readonly by?: string | undefined;
  /** Another request that it is about. */
  readonly other?: string | undefined;
  readonly giver?: string | undefined;
  readonly incident?: string | undefined;
  readonly attempt?: number | undefined;
  /** How many people are told. */
  readonly told?: number | undefined;
  /** A state, outcome or verdict, as the contract names it. */
  readonly state?: string | undefined;
  /** The state that it was in before. */
  readonly was?: string | undefined;
}

type Sentence = (facts: EventFacts) => string;

const by = (name: string | undefined): string => (name === undefined ? '' : ` by ${name}`);
const words = (name: string): string => name.replaceAll('_', ' ');
/** `: failed`, `is failed`; nothing of what is not known. */
const as = (before: string, state: string | undefined): string => (state === undefined ? '' : `${before}${words(state)}`);
const told = (count: number | undefined): string => {
  if (count === undefined || count === 0) return 'nobody is there to review it';
  return count === 1 ? '1 approver is told' : `${count} approvers are told`;
};

/** The timeline of a request. The sentences say what happened; comments, causes and times stand beside them. */
export const requestEvents: Readonly<Record<RequestEventType, Sentence>> = {
  'request.submitted': ({ by: name }) => (name === undefined ? 'Submitted' : `${name} asked for it`),
  'request.approved': ({ by: name }) => (name === undefined ? 'Approved' : `${name} approved`),
  'request.rejected': ({ by: name }) => (name === undefined ? 'Rejected' : `${name} rejected it`),
  'request.withdrawn': ({ by: name }) => (name === undefined ? 'Withdrawn' : `${name} withdrew it`),
  'request.expired': ({ was, other }) => {
    if (was !== 'queued') return 'Expired: nobody decided in time';
    return other === undefined
      ? 'Expired: it did not start in time'
      : `Expired: it did not start in time, it waited for ${other}, whose outcome is unknown`;
  },
  'request.queued': () => 'Queued',
  'request.started': ({ attempt = 1 }) => (attempt > 1 ? `Started, attempt ${attempt}` : 'Started'),
  'request.dispatched': () => 'Sent to its provider',
  'request.cancel_requested': ({ by: name }) => (name === undefined ? 'A cancel was asked for' : `${name} asked to cancel it`),
  'request.voided': () => 'Void: nothing was done',
  'request.succeeded': () => 'Succeeded',
  'request.failed': () => 'Failed',
  'request.cancelled': ({ by: name }) => `Cancelled${by(name)}`,
  'request.lost': () => 'Nobody knows how the run ended',
  'request.requeued': () => 'Queued again',
  'request.settled': ({ state }) => `Its provider says what became of it${as(': ', state)}`,
  'request.approval_reused': ({ giver = 'somebody', other }) =>
    `An approval of ${giver} counts again${other === undefined ? '' : `, given for ${other}`}`,
  'request.glass_broken': ({ by: name = 'Somebody', incident, told: count }) =>
    `${name} broke the glass${incident === undefined ? '' : ` for ${incident}`}; ${told(count)}`,
  'request.reviewed': ({ by: name = 'Somebody', state }) => `${name} reviewed it${as(': ', state)}`,
  'request.review_reminded': ({ told: count }) => `Its review is still open; ${told(count)}`,
  'request.receipt_missing': () => 'Its provider gave no receipt',
  'request.receipt_refused': () => 'The receipt of its provider is not valid',
  'request.undo_filed': ({ by: name, other = 'A request' }) => `${other} was filed to undo it${by(name)}`,
  'request.undone': ({ other }) => `Undone${by(other)}`,
  'request.undo_failed': ({ other = 'what undoes it', state }) => `Not undone by ${other}${as(', which is ', state)}`,
  'request.resolved': ({ by: name = 'Somebody', state }) => `${name} resolved it${as(' as ', state)}`,
  'request.undo_scheduled': () => 'It will be undone by itself',
  'request.undo_delayed': () => 'Its undo takes longer',
  'request.undo_held': () => 'A person has to undo it',
  'request.extended': ({ other }) => `Extended${by(other)}`,
};
