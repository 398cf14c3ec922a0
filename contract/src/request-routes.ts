import { z } from 'zod';
import { ActionId, Slug } from './ids.ts';
import { Request, RequestState, RequestSummary, Resolution, ReviewVerdict } from './request.ts';
import {
  comment,
  cursor,
  digits,
  flag,
  input,
  lastsSeconds,
  limit,
  page,
  reason,
  requestParams,
  time,
  timeFilter,
} from './route-parts.ts';

const body = {
  submit: z.strictObject({
    action: ActionId,
    environment: Slug,
    input,
    reason: reason.optional().describe('Why. Required for what policy does not let you do alone'),
    fingerprint: z.string().optional().describe('Fingerprint of the plan you were shown; refused if it is another by now'),
    lastsSeconds: lastsSeconds.optional().describe('For a while: so long after it has succeeded it is undone'),
    startAt: time.optional().describe('Not before this time, of the next 366 days'),
  }),
  comment: z.strictObject({ comment: comment.min(1, 'must say why') }),
  optionalComment: z.strictObject({ comment: comment.default('') }),
};

/** `queued,running` */
const states = z
  .string()
  .max(500)
  .transform((text) => text.split(','))
  .pipe(z.array(RequestState));

/** The routes of requests; a part of ROUTES. */
export const REQUEST_ROUTES = {
  'requests.submit': {
    method: 'POST',
    path: '/v1/requests',
    permission: 'action.submit',
    tag: 'requests',
    status: 201,
    summary: 'Ask for a write (Idempotency-Key: the same key and body give the same request)',
    body: body.submit,
    response: Request,
  },
  'requests.list': {
    method: 'GET',
    path: '/v1/requests',
    permission: 'request.see',
    tag: 'requests',
    status: 200,
    summary: 'Requests, newest first',
    query: z.object({
      limit,
      cursor,
      state: states.optional().describe('One state, or several with commas between them'),
      requester: z
        .string()
        .optional()
        .describe('user:NAME or machine:NAME; `me` for the caller; team:NAME for its members and machines'),
      team: z.string().max(200).optional().describe('Only those about what this team owns'),
      resource: z
        .string()
        .max(1000)
        .regex(/^[^:]+:./, 'must be TYPE:ID, as plans name it')
        .optional()
        .describe('TYPE:ID, such as postgres.database:pg1/orders: only those about it'),
      action: z.string().optional().describe('An action id, or a prefix ending in .*'),
      environment: Slug.optional(),
      toApprove: flag.optional().describe('Only those that wait for an approval that the caller can give'),
      toReview: flag.optional().describe('Only those whose glass was broken, and whose review the caller can close'),
      undo: z
        .enum(['possible', 'scheduled', 'held'])
        .optional()
        .describe(
          'Only those that can be undone and are not; that are undone by themselves; whose time is over, and that a person has to undo',
        ),
      ...timeFilter,
    }),
    response: page(RequestSummary).extend({ toReview: z.int().describe('How many reviews wait for the caller') }),
  },
  'requests.show': {
    method: 'GET',
    path: '/v1/requests/:request',
    permission: 'request.see',
    tag: 'requests',
    status: 200,
    summary: 'One request',
    params: requestParams,
    response: Request,
  },
  'requests.events': {
    method: 'GET',
    path: '/v1/requests/:request/events',
    permission: 'request.see',
    tag: 'requests',
    status: 200,
    summary: 'Its events as server-sent events, from the first or from Last-Event-ID, until it has ended',
    params: requestParams,
    query: z.object({
      after: z.preprocess(digits, z.int().min(0).max(999_999_999)).optional().describe('Same as Last-Event-ID'),
    }),
  },
  'requests.changes': {
    method: 'GET',
    path: '/v1/changes',
    permission: 'signed-in',
    tag: 'requests',
    status: 200,
    summary: 'Server-sent events that say which lists may have changed for me: docs/spec/http.md',
  },
  'requests.tunnel': {
    method: 'GET',
    path: '/v1/requests/:request/tunnel',
    permission: 'request.connect',
    tag: 'requests',
    status: 200,
    upgrade: true,
    summary:
      'A WebSocket that carries one connection to what a request of mine has opened, or holds it open: docs/spec/tunnels.md',
    params: requestParams,
    query: z.object({ hold: flag.optional().describe('It carries no bytes: as long as it is open, so is what it leads to') }),
  },
  'requests.approve': {
    method: 'POST',
    path: '/v1/requests/:request/approve',
    permission: 'request.approve',
    tag: 'requests',
    status: 200,
    summary: 'Approve the effect that the digest names',
    params: requestParams,
    body: body.optionalComment.extend({
      digest: z.string().optional().describe('Digest of the request you looked at; refused if it is another'),
    }),
    response: Request,
  },
  'requests.reject': {
    method: 'POST',
    path: '/v1/requests/:request/reject',
    permission: 'request.reject',
    tag: 'requests',
    status: 200,
    summary: 'Reject, with a comment',
    params: requestParams,
    body: body.comment,
    response: Request,
  },
  'requests.withdraw': {
    method: 'POST',
    path: '/v1/requests/:request/withdraw',
    permission: 'request.withdraw',
    tag: 'requests',
    status: 200,
    summary: 'Take back my own request while it awaits approval',
    params: requestParams,
    body: body.optionalComment,
    response: Request,
  },
  'requests.cancel': {
    method: 'POST',
    path: '/v1/requests/:request/cancel',
    permission: 'request.cancel',
    tag: 'requests',
    status: 200,
    summary: 'Stop a request that is queued or running',
    params: requestParams,
    body: body.optionalComment,
    response: Request,
  },
  'requests.break_glass': {
    method: 'POST',
    path: '/v1/requests/:request/break-glass',
    permission: 'request.break_glass',
    tag: 'requests',
    status: 200,
    summary: 'In an emergency: run it without its approvals. Every approver is told, and one of them reviews it afterwards',
    params: requestParams,
    body: z.strictObject({
      incident: z.string().trim().min(1, 'must name the incident').max(100).describe('Id of the incident, such as INC-7'),
      reason: z.string().trim().min(10, 'must say why, in at least 10 characters').max(2000),
      digest: z.string().optional().describe('Digest of the request you looked at; refused if it is another'),
    }),
    response: Request,
  },
  'requests.review': {
    method: 'POST',
    path: '/v1/requests/:request/review',
    permission: 'request.review',
    tag: 'requests',
    status: 200,
    summary: 'Close the review of a request whose glass was broken: somebody else, of its approvers',
    params: requestParams,
    body: body.comment.extend({ verdict: ReviewVerdict }),
    response: Request,
  },
  'requests.undo': {
    method: 'POST',
    path: '/v1/requests/:request/undo',
    permission: 'request.undo',
    tag: 'requests',
    status: 201,
    summary: 'File the request that undoes this one (Idempotency-Key as for submit). It has a plan and approvals of its own',
    params: requestParams,
    body: body.submit.pick({ reason: true, fingerprint: true }),
    response: Request,
  },
  'requests.resolve': {
    method: 'POST',
    path: '/v1/requests/:request/resolve',
    permission: 'request.resolve',
    tag: 'requests',
    status: 200,
    summary:
      'Settle a run whose outcome is unknown, when its provider cannot say: somebody who does not stand behind the request',
    params: requestParams,
    body: z.strictObject({
      outcome: Resolution.describe('What was found; not_started ends it too: nothing is sent again on the word of a person'),
      reason: z.string().trim().min(10, 'must say how you know, in at least 10 characters').max(2000),
      force: z.boolean().default(false).describe('Although the provider says that it still runs'),
    }),
    response: Request,
  },
  'requests.extend': {
    method: 'POST',
    path: '/v1/requests/:request/extend',
    permission: 'request.extend',
    tag: 'requests',
    status: 201,
    summary: 'File the request that puts off the end of this one. It takes the approvals that this one would take now',
    params: requestParams,
    body: z.strictObject({ seconds: lastsSeconds.describe('How much longer'), reason: reason.optional() }),
    response: Request,
  },
} as const;
