import { REQUEST_STATES, type RouteName } from '@guichet/contract';

/** What a call of the matrix is made with. */
export interface Things {
  /** Id of a request in the state that is asked for; fresh for each call. */
  readonly request: string;
  /** Name of a schedule of the requester: active, or paused to be resumed; fresh for each call. */
  readonly schedule: string;
  /** Id of a personal token of the requester; fresh for each call. */
  readonly token: string;
}

export interface MatrixCall {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
}

const call = { environment: 'staging', input: { target: 'alpha' } };
const comment = { comment: 'as the matrix asks' };
const request = ({ request: id }: Things): MatrixCall => ({ params: { request: id } });

/** A valid call of every route: what comes back then says who may. A route that is missing here fails the test. */
export const CALLS: Readonly<Record<RouteName, (things: Things) => MatrixCall>> = {
  'me.show': () => ({}),
  'tokens.list': () => ({}),
  'tokens.create': () => ({ body: { name: 'matrix', expiresInDays: 1 } }),
  'tokens.revoke': ({ token }) => ({ params: { token } }),
  'sign_in.device': () => ({ body: { client: 'matrix' } }),
  'sign_in.token': () => ({ body: { grant: 'refresh_token', refreshToken: 'none' } }),
  'exchange.workload': () => ({ body: { token: 'a.b.c' } }),
  'exchange.aws': () => ({ body: { method: 'POST', url: 'https://sts.amazonaws.com/', headers: {} } }),
  'sessions.end': () => ({}),
  'sessions.list': () => ({}),
  'sessions.revoke': () => ({ params: { session: '7e3f0c1a-52b4-4d59-9a35-0a1c2b3d4e5f' } }),
  'sessions.revoke-all': () => ({ body: {} }),
  'actions.list': () => ({}),
  'actions.show': () => ({ params: { action: 'lab.look' } }),
  'actions.options': () => ({ params: { action: 'lab.change' }, body: { ...call, input: {}, field: 'target' } }),
  'actions.read': () => ({ params: { action: 'lab.look' }, body: { ...call, input: {} } }),
  'actions.plan': () => ({ params: { action: 'lab.change' }, body: call }),
  'providers.list': () => ({}),
  'providers.show': () => ({ params: { provider: 'lab' } }),
  'requests.submit': () => ({ body: { ...call, action: 'lab.change', reason: 'as the matrix asks' } }),
  'requests.list': () => ({}),
  'requests.show': request,
  'requests.events': request,
  'requests.changes': () => ({}),
  'requests.tunnel': request,
  'requests.approve': (things) => ({ ...request(things), body: {} }),
  'requests.reject': (things) => ({ ...request(things), body: comment }),
  'requests.withdraw': (things) => ({ ...request(things), body: {} }),
  'requests.cancel': (things) => ({ ...request(things), body: {} }),
  'requests.break_glass': (things) => ({ ...request(things), body: { incident: 'INC-7', reason: 'as the matrix asks' } }),
  'requests.review': (things) => ({ ...request(things), body: { ...comment, verdict: 'justified' } }),
  'requests.undo': (things) => ({ ...request(things), body: { reason: 'as the matrix asks' } }),
  'requests.resolve': (things) => ({ ...request(things), body: { outcome: 'succeeded', reason: 'as the matrix asks' } }),
  'requests.extend': (things) => ({ ...request(things), body: { seconds: 3600, reason: 'as the matrix asks' } }),
  'schedules.list': () => ({}),
  'schedules.create': ({ schedule }) => ({
    body: { ...call, name: `${schedule}-new`, cron: '0 3 * * *', action: 'lab.change', reason: 'as the matrix asks' },
  }),
  'schedules.show': ({ schedule }) => ({ params: { schedule } }),
  'schedules.pause': ({ schedule }) => ({ params: { schedule }, body: {} }),
  'schedules.resume': ({ schedule }) => ({ params: { schedule }, body: {} }),
  'schedules.delete': ({ schedule }) => ({ params: { schedule } }),
  'audit.list': () => ({}),
  'audit.reconcile': () => ({ body: { since: '2026-01-01T00:00:00Z' } }),
  'audit.status': () => ({}),
  'audit.heads': () => ({}),
  'audit.export': () => ({}),
  'audit.proof': () => ({ params: { event: '1' } }),
  'company.show': () => ({}),
  'people.list': () => ({}),
  'people.show': () => ({ params: { person: 'nadia' } }),
  'teams.list': () => ({}),
  'teams.show': () => ({ params: { team: 'payments' } }),
  'services.list': () => ({}),
  'services.show': () => ({ params: { service: 'orders' } }),
  'environments.list': () => ({}),
  'environments.show': () => ({ params: { environment: 'staging' } }),
  'policy.show': () => ({}),
  'policy.check': () => ({ body: { files: [{ path: 'a.cedar', text: '' }] } }),
  'policy.test': () => ({ body: { files: [{ path: 'a.yaml', text: '' }] } }),
  'policy.explain': () => ({ body: { action: 'lab.change', environment: 'staging', as: 'nadia' } }),
  'policy.replay': () => ({ body: { since: '2026-01-01T00:00:00Z' } }),
  'keys.list': () => ({}),
};

/** Routes about one request answer by its state; all others are asked once. */
export const statesOf = (path: string): readonly string[] => (path.includes(':request') ? REQUEST_STATES : ['']);
