import type { ROUTES, RouteName } from '@guichet/contract';
import type { ResponseOf } from './types.ts';

interface Endpoint<Name extends RouteName> {
  readonly method: (typeof ROUTES)[Name]['method'];
  readonly path: (typeof ROUTES)[Name]['path'];
  /** Members that an answer must have; one without them is `gateway.protocol`. */
  readonly members: readonly (keyof ResponseOf<Name> & string)[];
}

/**
 * Method and path of every route, in plain data. The contract's ROUTES hold the same and the schemas too, whose library
 * costs a command line most of its start-up; so ROUTES give the types here, and the compiler refuses a table that differs.
 */
export const ENDPOINTS: { readonly [Name in RouteName]: Endpoint<Name> } = {
  'me.show': { method: 'GET', path: '/v1/me', members: ['principal', 'gateway', 'token'] },
  'tokens.list': { method: 'GET', path: '/v1/tokens', members: ['items', 'next'] },
  'tokens.create': { method: 'POST', path: '/v1/tokens', members: ['id', 'secret'] },
  'tokens.revoke': { method: 'DELETE', path: '/v1/tokens/:token', members: ['id', 'revokedAt'] },
  'sign_in.device': { method: 'POST', path: '/v1/auth/device', members: ['deviceCode', 'userCode', 'verificationUri'] },
  'sign_in.token': { method: 'POST', path: '/v1/auth/token', members: ['accessToken', 'refreshToken', 'session'] },
  'exchange.workload': { method: 'POST', path: '/v1/auth/exchange', members: ['accessToken', 'expiresAt', 'principal'] },
  'exchange.aws': { method: 'POST', path: '/v1/auth/aws', members: ['accessToken', 'expiresAt', 'principal'] },
  'sessions.end': { method: 'POST', path: '/v1/auth/logout', members: ['endSessionUrl'] },
  'sessions.list': { method: 'GET', path: '/v1/sessions', members: ['items'] },
  'sessions.revoke': { method: 'DELETE', path: '/v1/sessions/:session', members: ['id'] },
  'sessions.revoke-all': { method: 'POST', path: '/v1/sessions/revoke-all', members: ['sessions', 'tokens'] },
  'actions.list': { method: 'GET', path: '/v1/actions', members: ['items'] },
  'actions.show': { method: 'GET', path: '/v1/actions/:action', members: ['id', 'kind', 'input'] },
  'actions.options': { method: 'POST', path: '/v1/actions/:action/options', members: ['choices'] },
  'actions.read': { method: 'POST', path: '/v1/actions/:action/read', members: ['output'] },
  'actions.plan': { method: 'POST', path: '/v1/actions/:action/plan', members: ['plan', 'decision', 'input'] },
  'providers.list': { method: 'GET', path: '/v1/providers', members: ['items'] },
  'providers.show': { method: 'GET', path: '/v1/providers/:provider', members: ['name', 'available', 'figures'] },
  'requests.submit': { method: 'POST', path: '/v1/requests', members: ['id', 'state', 'lastEvent'] },
  'requests.list': { method: 'GET', path: '/v1/requests', members: ['items', 'next'] },
  'requests.show': { method: 'GET', path: '/v1/requests/:request', members: ['id', 'state', 'lastEvent'] },
  'requests.events': { method: 'GET', path: '/v1/requests/:request/events', members: [] },
  'requests.changes': { method: 'GET', path: '/v1/changes', members: [] },
  'requests.tunnel': { method: 'GET', path: '/v1/requests/:request/tunnel', members: [] },
  'requests.approve': { method: 'POST', path: '/v1/requests/:request/approve', members: ['id', 'state'] },
  'requests.reject': { method: 'POST', path: '/v1/requests/:request/reject', members: ['id', 'state'] },
  'requests.withdraw': { method: 'POST', path: '/v1/requests/:request/withdraw', members: ['id', 'state'] },
  'requests.cancel': { method: 'POST', path: '/v1/requests/:request/cancel', members: ['id', 'state'] },
  'requests.break_glass': { method: 'POST', path: '/v1/requests/:request/break-glass', members: ['id', 'state'] },
  'requests.review': { method: 'POST', path: '/v1/requests/:request/review', members: ['id', 'review'] },
  'requests.undo': { method: 'POST', path: '/v1/requests/:request/undo', members: ['id', 'state', 'lastEvent'] },
  'requests.resolve': { method: 'POST', path: '/v1/requests/:request/resolve', members: ['id', 'state'] },
  'requests.extend': { method: 'POST', path: '/v1/requests/:request/extend', members: ['id', 'state', 'lastEvent'] },
  'schedules.list': { method: 'GET', path: '/v1/schedules', members: ['items'] },
  'schedules.create': { method: 'POST', path: '/v1/schedules', members: ['name', 'state', 'firings'] },
  'schedules.show': { method: 'GET', path: '/v1/schedules/:schedule', members: ['name', 'state', 'firings'] },
  'schedules.pause': { method: 'POST', path: '/v1/schedules/:schedule/pause', members: ['name', 'state'] },
  'schedules.resume': { method: 'POST', path: '/v1/schedules/:schedule/resume', members: ['name', 'state'] },
  'schedules.delete': { method: 'DELETE', path: '/v1/schedules/:schedule', members: ['name', 'state'] },
  'audit.list': { method: 'GET', path: '/v1/audit', members: ['items', 'next'] },
  'audit.reconcile': { method: 'POST', path: '/v1/audit/reconcile', members: ['findings', 'next'] },
  'audit.status': { method: 'GET', path: '/v1/audit/status', members: ['state', 'at', 'log'] },
  'audit.heads': { method: 'GET', path: '/v1/audit/heads', members: ['items', 'next'] },
  'audit.export': { method: 'GET', path: '/v1/audit/export', members: ['lines', 'next'] },
  'audit.proof': { method: 'GET', path: '/v1/audit/events/:event/proof', members: ['event', 'path', 'head'] },
  'policy.show': { method: 'GET', path: '/v1/policy', members: ['digest', 'rules', 'problem'] },
  'policy.check': { method: 'POST', path: '/v1/policy/check', members: ['ok', 'findings'] },
  'policy.test': { method: 'POST', path: '/v1/policy/test', members: ['passed', 'failed', 'results', 'findings'] },
  'policy.explain': { method: 'POST', path: '/v1/policy/explain', members: ['decision', 'rules', 'changes'] },
  'policy.replay': { method: 'POST', path: '/v1/policy/replay', members: ['looked', 'differences', 'next'] },
  'company.show': { method: 'GET', path: '/v1/company', members: ['digest', 'problem'] },
  'people.list': { method: 'GET', path: '/v1/people', members: ['items'] },
  'people.show': { method: 'GET', path: '/v1/people/:person', members: ['name', 'teams'] },
  'teams.list': { method: 'GET', path: '/v1/teams', members: ['items'] },
  'teams.show': { method: 'GET', path: '/v1/teams/:team', members: ['name', 'members'] },
  'services.list': { method: 'GET', path: '/v1/services', members: ['items'] },
  'services.show': { method: 'GET', path: '/v1/services/:service', members: ['name', 'team'] },
  'environments.list': { method: 'GET', path: '/v1/environments', members: ['items'] },
  'environments.show': { method: 'GET', path: '/v1/environments/:environment', members: ['name', 'applications'] },
  'keys.list': { method: 'GET', path: '/v1/keys', members: ['keys'] },
};
