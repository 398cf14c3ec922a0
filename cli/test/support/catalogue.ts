import type { RouteHandlers } from '@guichet/client/testing';
import type { Action, Me, Planned, Request, RequestState, SessionTokens } from '@guichet/contract';

const AT = '2026-03-02T10:00:00.000Z';

export function makeAction(overrides: Partial<Action> & Pick<Action, 'id'>): Action {
  const [provider = '', ...name] = overrides.id.split('.');
  return {
    name: name.join('.'),
    version: 'v1',
    title: 'Does something',
    description: '',
    kind: 'read',
    risk: 'safe',
    input: { type: 'object', properties: {}, additionalProperties: false },
    output: 'table',
    idempotent: false,
    observable: false,
    timeoutSeconds: 60,
    options: [],
    examples: [],
    provider,
    team: 'data',
    available: true,
    ...overrides,
  };
}

export const ACTIVITY = makeAction({
  id: 'postgres.activity',
  title: 'Who runs what',
  input: {
    type: 'object',
    properties: {
      instance: { type: 'string', description: 'Name of the instance' },
      state: { type: 'string', enum: ['active', 'idle'] },
      limit: { type: 'integer', default: 50 },
      includeSystem: { type: 'boolean', default: false },
    },
    required: ['instance', 'limit', 'includeSystem'],
  },
  options: ['instance'],
});

export const TERMINATE = makeAction({
  id: 'postgres.terminate-session',
  title: 'End a session',
  kind: 'write',
  risk: 'destructive',
  output: 'record',
  input: {
    type: 'object',
    properties: { instance: { type: 'string' }, pid: { type: 'integer', description: 'Process id' } },
    required: ['instance', 'pid'],
  },
  examples: [{ title: 'End a stuck migration', input: { instance: 'pg1', pid: 14024 } }],
});

export const DELETE_TOPIC = makeAction({
  id: 'kafka.topics.delete',
  title: 'Delete a topic',
  kind: 'write',
  risk: 'reversible',
  output: 'text',
  environments: ['staging'],
  input: {
    type: 'object',
    properties: {
      topic: { type: 'string' },
      env: { type: 'string', description: 'A field with the name of a flag' },
      partitions: { type: 'array', items: { type: 'integer' } },
      settings: { type: 'object' },
    },
    required: ['topic'],
  },
});

export const ME: Me = {
  principal: {
    id: 'user:nadia',
    kind: 'user',
    name: 'Nadia Benali',
    person: 'user:nadia',
    teams: ['payments'],
    onCall: [],
    manager: null,
    scope: {},
  },
  gateway: { version: '0.1.0', environments: ['production', 'staging'] },
  token: {
    id: '0198c7be-7c4e-7d5a-9d3f-3b1f6a2c8e11',
    name: 'laptop',
    principal: { id: 'user:nadia', name: 'Nadia Benali' },
    kind: 'user',
    scope: {},
    createdAt: AT,
    createdBy: { id: 'user:nadia', name: 'Nadia Benali' },
    expiresAt: '2026-06-02T10:00:00.000Z',
    lastUsedAt: null,
    revokedAt: null,
  },
};

/** Of somebody who has just signed in. */
export const SESSION_TOKENS: SessionTokens = {
  accessToken: 'gct_u_access',
  accessTokenExpiresAt: '2126-03-02T10:15:00.000Z',
  refreshToken: 'gct_r_refresh',
  session: {
    id: '0198c7be-7c4e-7d5a-9d3f-3b1f6a2c8e12',
    kind: 'cli',
    client: 'guichet on laptop',
    address: '127.0.0.1',
    createdAt: AT,
    lastUsedAt: AT,
    expiresAt: '2126-03-02T22:00:00.000Z',
    current: true,
  },
};

export const GATE = {
  policy: 'destructive-needs-owner',
  approvers: 'team:payments',
  count: 1,
  reason: 'Destructive work takes a second person',
};

export const PLANNED: Planned = {
  plan: {
    summary: "ends the session of 'orders-migration' (pid 14024), frees 4 waiting sessions",
    effects: ['Its transaction is rolled back'],
    warnings: ['The client may connect again'],
    resource: { type: 'postgres.instance', id: 'pg1' },
    fingerprint: 'as-it-was',
  },
  decision: { effect: 'needs', gates: [GATE] },
  input: { instance: 'pg1', pid: 14024 },
};

export function makeRequest(state: RequestState, overrides: Partial<Request> = {}): Request {
  return {
    id: 'REQ-12',
    action: 'postgres.terminate-session',
    title: 'End a session',
    environment: 'production',
    risk: 'destructive',
    state,
    requester: { id: 'user:nadia', name: 'Nadia Benali' },
    reason: 'migration stuck',
    summary: PLANNED.plan.summary,
    resource: PLANNED.plan.resource,
    gates: [{ ...GATE, approved: state === 'awaiting_approval' ? 0 : 1 }],
    createdAt: AT,
    updatedAt: AT,
    expiresAt: null,
    waitsFor: null,
    undoAt: null,
    review: null,
    actionVersion: 'v1',
    input: PLANNED.input,
    plan: PLANNED.plan,
    digest: 'sha256:of-what-was-shown',
    approvals: [],
    decidedBy: null,
    comment: null,
    cancelRequestedAt: null,
    run: null,
    drift: null,
    output:
      state === 'succeeded'
        ? {
            kind: 'record',
            summary: 'stopped, 4 sessions freed',
            fields: [{ key: 'freed', title: 'Freed', type: 'number', value: 4 }],
          }
        : null,
    undo: null,
    undoOf: null,
    undoneBy: null,
    temporary: null,
    extensionOf: null,
    startAt: null,
    failure: null,
    lastEvent: 1,
    allowed: [],
    ...overrides,
  };
}

/** What the gateway answers to everybody; tests add the rest. */
export function baseHandlers(): RouteHandlers {
  return {
    'me.show': () => ME,
    'actions.list': () => ({ items: [ACTIVITY, TERMINATE, DELETE_TOPIC] }),
    'actions.plan': () => PLANNED,
  };
}
