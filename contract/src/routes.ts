import { z } from 'zod';
import { Action, ActionKind } from './action.ts';
import { AUDIT_ROUTES } from './audit-routes.ts';
import { DIRECTORY_ROUTES } from './directory-routes.ts';
import { AuditEvent } from './events.ts';
import { RequestId, Slug } from './ids.ts';
import type { Operation } from './operations.ts';
import { Output } from './output.ts';
import { Plan } from './plan.ts';
import { POLICY_ROUTES } from './policy-routes.ts';
import { Principal, Token, TokenScope } from './principal.ts';
import { Choice } from './protocol.ts';
import { PROVIDER_ROUTES } from './provider-routes.ts';
import { ReconcileBody, Reconciled } from './reconcile.ts';
import { Decision } from './request.ts';
import { REQUEST_ROUTES } from './request-routes.ts';
import { actionParams, cursor, input, lastsSeconds, limit, page, timeFilter } from './route-parts.ts';
import { SCHEDULE_ROUTES } from './schedule-routes.ts';
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
  /** It becomes a WebSocket. */
  readonly upgrade?: true;
  /** Absent for a stream. */
  readonly response?: z.ZodType;
}

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

const call = z.strictObject({ environment: Slug, input });

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
    body: call,
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
    body: call.extend({ lastsSeconds: lastsSeconds.optional().describe('How long its effect would stay, in seconds') }),
    response: Planned,
  },
  ...PROVIDER_ROUTES,
  ...REQUEST_ROUTES,
  ...SCHEDULE_ROUTES,
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
      actor: z.string().max(500).optional().describe('user:NAME or machine:NAME'),
      action: z.string().max(500).optional().describe('An action id, or a prefix ending in *, such as postgres.*'),
      resource: z.string().max(500).optional().describe('TYPE:ID, or a prefix ending in *'),
      environment: Slug.optional(),
      type: z.string().max(500).optional(),
      outcome: AuditEvent.shape.outcome.optional(),
      search: z
        .string()
        .trim()
        .min(1)
        .max(200)
        .optional()
        .describe('Words that must all be there; one ending in * stands for what begins so'),
      ...timeFilter,
    }),
    response: page(AuditEvent).extend({
      archivedBefore: z.iso
        .datetime()
        .optional()
        .describe('On the last page, when older events that could fit are in an archive and not here: the time before which'),
    }),
  },
  'audit.reconcile': {
    method: 'POST',
    path: '/v1/audit/reconcile',
    permission: 'audit.see',
    tag: 'audit',
    status: 200,
    summary: 'Hold the record of grants against the ledgers of providers: what they do not agree about, part by part',
    body: ReconcileBody,
    response: Reconciled,
  },
  ...AUDIT_ROUTES,
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
