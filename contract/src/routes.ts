import { z } from 'zod';
import { Action, ActionKind } from './action.ts';
import { DIRECTORY_ROUTES } from './directory-routes.ts';
import { AuditEvent } from './events.ts';
import { ActionId, RequestId, Slug } from './ids.ts';
import type { Operation } from './operations.ts';
import { Output } from './output.ts';
import { Plan } from './plan.ts';
import { POLICY_ROUTES } from './policy-routes.ts';
import { Principal, Token, TokenScope } from './principal.ts';
import { Choice } from './protocol.ts';
import { Decision, Request, RequestState, RequestSummary, Resolution, ReviewVerdict } from './request.ts';
import { Session } from './sign-in.ts';
import { SIGN_IN_ROUTES } from './sign-in-routes.ts';

/**
 * Every route of the gateway, once: the gateway registers them, the client calls them, OpenAPI is made of them.
 * A route names the permission it takes; one without does not start.
 */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path with `:name` parameters. */
  readonly path: string;
  /**
   * What policy is asked for the resource that the call is about; each but `public` needs a valid credential first.
   * `signed-in` is for what concerns the caller alone.
   */
  readonly permission: 'public' | 'signed-in' | Operation;
  readonly summary: string;
  readonly tag: 'identity' | 'actions' | 'requests' | 'audit' | 'directory' | 'policy';
  readonly status: 200 | 201;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** How long the body may be; 256 KiB when absent. */
  readonly bodyBytes?: number;
  /** Absent for a stream. */
  readonly response?: z.ZodType;
}

const page = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe('Pass it as cursor for the next page; null on the last one'),
  });

/** A number in a query string: decimal digits and nothing else, so that `0x10`, `1e2` and an empty text are none. */
const digits = (value: unknown): unknown => (typeof value === 'string' && /^[0-9]{1,15}$/.test(value) ? Number(value) : value);
const limit = z.preprocess(digits, z.int().min(1).max(200)).default(50).describe('Rows a page');
const cursor = z.string().max(200).optional().describe('`next` of the page before');
const actionParams = z.object({ action: ActionId });
const requestParams = z.object({ request: RequestId });
const comment = z.string().trim().max(2000);
const reason = z.string().trim().min(3, 'must say why, in at least 3 characters').max(2000);
const input = z.record(z.string(), z.unknown()).default({});
/** Free text in a query string: where a flag is meant, `true` or `false`. */
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** PostgreSQL knows no year 0. */
const time = z.iso.datetime({ offset: true }).refine((text) => !text.startsWith('0000'), 'must be a time from the year 1 on');
const timeFilter = {
  since: time.optional().describe('Not before this time'),
  until: time.optional().describe('Before this time'),
};

export const Me = z
  .object({
    principal: Principal,
    gateway: z.object({ version: z.string(), environments: z.array(Slug) }),
    token: Token,
    session: Session.optional().describe('The session that this call was made with; absent for a token of its own'),
    csrf: z.string().optional().describe('Of a call made with a cookie: send it as x-guichet-csrf with all that is not a GET'),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof Me>;

export const Planned = z
  .object({
    plan: Plan.omit({ seen: true }),
    decision: Decision,
    input: z.record(z.string(), z.unknown()).describe('The input with its defaults filled in'),
  })
  .meta({ id: 'Planned' });
export type Planned = z.infer<typeof Planned>;

export const TokenCreated = Token.extend({
  secret: z.string().describe('The token itself, shown this once'),
  warnings: z.array(z.string()).describe('What may not be meant, such as an action that nobody offers'),
}).meta({ id: 'TokenCreated' });
export type TokenCreated = z.infer<typeof TokenCreated>;

export const ProviderKeys = z
  .object({
    keys: z.array(z.object({ kid: z.string(), paserk: z.string().describe('k4.public. PASERK of an Ed25519 public key') })),
  })
  .meta({ id: 'ProviderKeys' });

const body = {
  call: z.strictObject({ environment: Slug, input }),
  submit: z.strictObject({
    action: ActionId,
    environment: Slug,
    input,
    reason: reason.optional().describe('Why. Required for what policy does not let you do alone'),
    fingerprint: z.string().optional().describe('Fingerprint of the plan you were shown; refused if it is another by now'),
  }),
  comment: z.strictObject({ comment: comment.min(1, 'must say why') }),
  optionalComment: z.strictObject({ comment: comment.default('') }),
};

export const ROUTES = {
  'me.show': {
    method: 'GET',
    path: '/v1/me',
    permission: 'signed-in',
    tag: 'identity',
    status: 200,
    summary: 'Who am I',
    response: Me,
  },
  'tokens.list': {
    method: 'GET',
    path: '/v1/tokens',
    permission: 'token.see',
    tag: 'identity',
    status: 200,
    summary: 'My tokens, and those of machines that my teams own',
    query: z.object({ limit, cursor }),
    response: page(Token),
  },
  'tokens.create': {
    method: 'POST',
    path: '/v1/tokens',
    permission: 'token.create',
    tag: 'identity',
    status: 201,
    summary: 'Create a token for myself, or for a machine of one of my teams',
    body: z.strictObject({
      name: z.string().trim().min(1).max(100),
      machine: Slug.optional().describe('Name of the machine; absent for a personal token'),
      expiresInDays: z.int().min(1).max(366),
      scope: TokenScope.strict().default({}),
      all: z.boolean().default(false).describe('For a machine: everything that it may do, instead of a scope'),
    }),
    response: TokenCreated,
  },
  'tokens.revoke': {
    method: 'DELETE',
    path: '/v1/tokens/:token',
    permission: 'token.revoke',
    tag: 'identity',
    status: 200,
    summary: 'Revoke a token, now',
    params: z.object({ token: z.uuid() }),
    response: Token,
  },
  ...SIGN_IN_ROUTES,
  'actions.list': {
    method: 'GET',
    path: '/v1/actions',
    permission: 'action.see',
    tag: 'actions',
    status: 200,
    summary: 'The catalogue: every action that I may see (ETag, If-None-Match)',
    query: z.object({ provider: Slug.optional(), kind: ActionKind.optional() }),
    response: z.object({ items: z.array(Action) }),
  },
  'actions.show': {
    method: 'GET',
    path: '/v1/actions/:action',
    permission: 'action.see',
    tag: 'actions',
    status: 200,
    summary: 'One action',
    params: actionParams,
    response: Action,
  },
  'actions.options': {
    method: 'POST',
    path: '/v1/actions/:action/options',
    permission: 'action.plan',
    tag: 'actions',
    status: 200,
    summary: 'Live choices for a field of the input',
    params: actionParams,
    body: z.strictObject({ environment: Slug, input, field: z.string().min(1), query: z.string().max(200).default('') }),
    response: z.object({ choices: z.array(Choice) }),
  },
  'actions.read': {
    method: 'POST',
    path: '/v1/actions/:action/read',
    permission: 'action.read',
    tag: 'actions',
    status: 200,
    summary: 'Run a read action',
    params: actionParams,
    body: body.call,
    response: z.object({ output: Output }),
  },
  'actions.plan': {
    method: 'POST',
    path: '/v1/actions/:action/plan',
    permission: 'action.plan',
    tag: 'actions',
    status: 200,
    summary: 'What a write would do, and who would have to approve it. Changes nothing',
    params: actionParams,
    body: body.call,
    response: Planned,
  },
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
      state: RequestState.optional(),
      requester: z.string().optional().describe('user:NAME or machine:NAME; `me` for the caller'),
      action: z.string().optional().describe('An action id, or a prefix ending in .*'),
      environment: Slug.optional(),
      toApprove: flag.optional().describe('Only those that wait for an approval that the caller can give'),
      toReview: flag.optional().describe('Only those whose glass was broken, and whose review the caller can close'),
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
  'audit.list': {
    method: 'GET',
    path: '/v1/audit',
    permission: 'audit.see',
    tag: 'audit',
    status: 200,
    summary: 'The audit log, newest first',
    query: z.object({
      limit,
      cursor,
      request: RequestId.optional(),
      actor: z.string().optional(),
      action: z.string().optional(),
      environment: Slug.optional(),
      type: z.string().optional(),
      ...timeFilter,
    }),
    response: page(AuditEvent),
  },
  ...POLICY_ROUTES,
  ...DIRECTORY_ROUTES,
  'keys.list': {
    method: 'GET',
    path: '/v1/keys',
    permission: 'public',
    tag: 'identity',
    status: 200,
    summary: 'Public keys that grants are verified with',
    response: ProviderKeys,
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof ROUTES;
