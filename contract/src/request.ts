import { z } from 'zod';
import { Risk } from './action.ts';
import { ActionId, RequestId, Slug } from './ids.ts';
import { Output } from './output.ts';
import { Plan, Resource } from './plan.ts';
import { Actor, ApproverGroup } from './principal.ts';
import { REQUEST_STATES } from './request-states.ts';

export const RequestState = z.enum(REQUEST_STATES).meta({ id: 'RequestState' });
export type RequestState = z.infer<typeof RequestState>;

/** A gate: a policy that stops a request until enough of its approvers have approved. */
export const Gate = z
  .object({
    policy: z.string().describe('Id of the policy that set the gate'),
    approvers: ApproverGroup.describe('Who may lift it: team:NAME, on-call:NAME or user:NAME'),
    count: z.int().min(1),
    reason: z.string().describe('Why the gate is there'),
    reuseSeconds: z.int().min(1).optional().describe('An approval of the identical digest counts again for so long'),
  })
  .meta({ id: 'Gate' });
export type Gate = z.infer<typeof Gate>;

/** The decision of `decide()`: one answer for every consumer. */
export const Decision = z
  .discriminatedUnion('effect', [
    z.object({ effect: z.literal('permit'), policies: z.array(z.string()) }),
    z.object({ effect: z.literal('needs'), gates: z.array(Gate) }),
    z.object({ effect: z.literal('deny'), reasons: z.array(z.object({ policy: z.string(), message: z.string() })) }),
  ])
  .meta({ id: 'Decision' });
export type Decision = z.infer<typeof Decision>;

export const Approval = z
  .object({
    by: Actor,
    person: z.string().describe('The human who approved, whatever account they used'),
    groups: z.array(ApproverGroup).describe('Groups that the approver belonged to when they approved'),
    reusedFrom: RequestId.nullable().describe('The request that it was given for, when it was used again'),
    comment: z.string(),
    at: z.iso.datetime(),
    former: z.boolean().optional().describe('Given by somebody else, who had that name before: it does not count any more'),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof Approval>;

export const Failure = z
  .object({
    code: z.string().describe('A code of the error table'),
    message: z.string(),
    remedy: z.string().optional(),
    retryable: z.boolean(),
  })
  .meta({ id: 'Failure' });
export type Failure = z.infer<typeof Failure>;

export const REQUEST_COMMANDS = [
  'approve',
  'reject',
  'withdraw',
  'cancel',
  'break_glass',
  'review',
  'undo',
  'extend',
  'resolve',
  'connect',
] as const;
export type RequestCommand = (typeof REQUEST_COMMANDS)[number];

const at = z.iso.datetime();

export const ReviewVerdict = z.enum(['justified', 'not_justified']);
export type ReviewVerdict = z.infer<typeof ReviewVerdict>;

/** What a person found that became of a run whose end nobody saw. */
export const Resolution = z.enum(['succeeded', 'failed', 'not_started']);
export type Resolution = z.infer<typeof Resolution>;

/** What somebody who broke the glass owes: a look at it by another person, afterwards. */
export const Review = z
  .object({
    state: z.enum(['open', 'closed']),
    brokenBy: Actor,
    person: z.string().describe('The human who broke the glass, whatever account they used: never the one who reviews it'),
    incident: z.string(),
    reason: z.string(),
    at,
    verdict: ReviewVerdict.nullable(),
    closedBy: Actor.nullable(),
    comment: z.string().nullable().describe('The comment of the one who closed it'),
    closedAt: at.nullable(),
  })
  .meta({ id: 'Review' });
export type Review = z.infer<typeof Review>;

/** How a request that has succeeded can be undone. */
export const Undo = z
  .object({
    action: ActionId,
    input: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('The input that undoes just this run; null when it cannot be undone'),
    problem: z.string().nullable().describe('Why it cannot be undone'),
  })
  .meta({ id: 'Undo' });
export type Undo = z.infer<typeof Undo>;

/** Of a request that was asked for a while. */
export const Temporary = z
  .object({
    seconds: z.int().describe('How long it was asked for'),
    state: z
      .enum(['pending', 'scheduled', 'held', 'undone'])
      .describe('pending: it has not succeeded; scheduled: it is undone by itself; held: a person has to; undone: it was'),
    undoAt: at.nullable().describe('When it is undone; null until it has succeeded'),
    message: z.string().nullable().describe('Why a person has to undo it, or why it takes longer'),
  })
  .meta({ id: 'Temporary' });
export type Temporary = z.infer<typeof Temporary>;

/** What the gateway holds of the receipt of a run. */
export const Receipt = z
  .object({
    verdict: z.enum(['verified', 'missing', 'refused']),
    reason: z.string().nullable().describe('Why it is missing or refused'),
    kid: z.string().nullable().describe('The key of the provider that it is signed with'),
    status: z.string().nullable().describe('How the run ended, as the provider signed it'),
    result: z.string().nullable().describe('Digest of the output or failure; null when a secret was in it'),
    finishedAt: at.nullable().describe('By the clock of the provider'),
    token: z.string().nullable().describe('The receipt itself: PASETO v4.public'),
    recordedAt: at,
  })
  .meta({ id: 'Receipt' });
export type Receipt = z.infer<typeof Receipt>;

/** A row of the list of requests. */
export const RequestSummary = z
  .object({
    id: RequestId,
    action: ActionId,
    title: z.string(),
    environment: Slug,
    risk: Risk,
    state: RequestState,
    requester: Actor,
    reason: z.string(),
    summary: z.string().describe('The summary of the plan'),
    resource: Resource.describe('What it is about, with the team that owns it'),
    gates: z.array(
      Gate.extend({ approved: z.int().describe('Approvals that count for it, by the groups that people are in now') }),
    ),
    createdAt: at,
    updatedAt: at,
    expiresAt: at.nullable().describe('When it lapses if nothing happens; null while it runs and once it has ended'),
    waitsFor: RequestId.nullable().describe(
      'Another request on the same resource, whose outcome is unknown: this one starts when that is settled',
    ),
    undoAt: at.nullable().describe('When it is undone by itself; null when nothing is, or before it has succeeded'),
    review: Review.nullable().describe('Set once the glass was broken: it ran without the approvals of its gates'),
  })
  .meta({ id: 'RequestSummary' });
export type RequestSummary = z.infer<typeof RequestSummary>;

/** One request, whole. */
export const Request = RequestSummary.extend({
  actionVersion: z.string(),
  input: z.record(z.string(), z.unknown()),
  plan: Plan.omit({ seen: true }),
  digest: z.string().describe('What an approval names: action, version, schema, input, environment, plan'),
  approvals: z.array(Approval),
  decidedBy: Actor.nullable().describe('Who rejected, withdrew, cancelled or resolved'),
  comment: z
    .string()
    .nullable()
    .describe('The comment of the one who rejected, withdrew or cancelled; the reason of the one who resolved'),
  cancelRequestedAt: at.nullable(),
  run: z
    .object({
      id: z.string(),
      attempt: z.int(),
      worker: z.string(),
      startedAt: at,
      dispatchedAt: at.nullable().describe('When the provider was called'),
      deadlineAt: at.nullable(),
      finishedAt: at.nullable(),
      receipt: Receipt.nullable().describe('Null when its provider signs none, and before its end'),
    })
    .nullable(),
  drift: Plan.omit({ seen: true }).nullable().describe('The plan made at run time, when it was no longer the approved one'),
  output: Output.nullable(),
  undo: Undo.nullable().describe('Set once it has succeeded, when its action can be undone'),
  undoOf: RequestId.nullable().describe('The request that this one undoes'),
  undoneBy: RequestId.nullable().describe('The request that undoes this one: it has succeeded, or may still'),
  temporary: Temporary.nullable().describe('Set when it was asked for a while'),
  extensionOf: RequestId.nullable().describe('The request whose end this one puts off'),
  startAt: at.nullable().describe('Not before this time'),
  failure: Failure.nullable(),
  lastEvent: z.int().describe('Number of its latest event'),
  allowed: z.array(z.enum(REQUEST_COMMANDS)).describe('What the caller may do with it now'),
}).meta({ id: 'Request' });
export type Request = z.infer<typeof Request>;
