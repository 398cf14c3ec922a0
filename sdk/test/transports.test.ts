import { GuichetError, type Phase, type ProviderEndpoint, type RunMessage } from '@guichet/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GrantKey, generateGrantKey } from '../src/grants.ts';
import { type ProviderServer, serve, staticKeys } from '../src/index.ts';
import { type CallOptions, callOf, secondsFromNow } from './calls.ts';
import { remoteEndpoint } from './remote-endpoint.ts';
import { openShop, shopProvider } from './shop-provider.ts';

/** One provider served twice: each with its own shop, so that one run does not change the world of the other. */
const local = shopProvider(openShop());
const remote = shopProvider(openShop());
const silent = { info() {}, warn() {}, error() {} };
const inProcess = local.endpoint({ logger: silent });
let server: ProviderServer;
let overHttp: ProviderEndpoint;
let key: GrantKey;

beforeAll(async () => {
  key = await generateGrantKey('key-1');
  server = await serve(remote, { port: 0, keys: staticKeys([key]), logger: silent });
  overHttp = remoteEndpoint(server.url, key);
});
afterAll(() => server.close());

interface Told {
  readonly value?: unknown;
  readonly messages?: readonly RunMessage[];
  readonly error?: unknown;
}

/** Everything that a caller can learn from a call. */
async function outcome(
  endpoint: ProviderEndpoint,
  phase: Exclude<Phase, 'tunnel'>,
  action: string,
  options: CallOptions,
): Promise<Told> {
  const call = callOf(local, phase, action, options);
  const messages: RunMessage[] = [];
  try {
    if (phase !== 'run' && phase !== 'cancel') return { value: await endpoint[phase](call) };
    for await (const message of endpoint.run(call)) messages.push(message);
    return { messages };
  } catch (error) {
    if (!(error instanceof GuichetError)) throw error;
    const { code, message, remedy, errors, details } = error;
    return { messages, error: { code, message, remedy, errors, details: { ...details } } };
  }
}

const grantId = crypto.randomUUID();
const sell = { environment: 'production', input: { item: 'apple' }, seen: { stock: 3 } };
const withMood = (mood: string) => ({ body: { ...sell, input: { item: 'apple', mood } } });

const CALLS: [title: string, phase: Exclude<Phase, 'tunnel'>, action: string, options: CallOptions, expected: unknown][] = [
  ['a read', 'run', 'list', {}, { messages: [{ type: 'log' }, { type: 'result' }] }],
  ['a plan', 'plan', 'items.sell', { body: { input: { item: 'apple' } } }, { value: { summary: "Sell 1 of 'apple'" } }],
  ['options', 'options', 'items.sell', { body: { field: 'item', query: 'a' } }, { value: [{ value: 'apple' }] }],
  ['a run', 'run', 'items.sell', { body: sell }, { messages: [{ type: 'log' }, { type: 'progress' }, { type: 'result' }] }],
  ['an observation', 'observe', 'items.sell', { body: sell }, { value: { status: 'not_started' } }],
  ['a chatty run', 'run', 'items.sell', withMood('chatty'), {}],
  [
    'a refused plan',
    'plan',
    'items.sell',
    { body: { input: { item: 'pear' } } },
    { error: { code: 'action.refused', remedy: 'List the shelf' } },
  ],
  [
    'invalid input',
    'plan',
    'items.sell',
    { body: { input: { count: 0, colour: 'red' } } },
    {
      error: { code: 'input.invalid', errors: [{ field: '/input/item' }, { field: '/input/count' }, { field: '/input/colour' }] },
    },
  ],
  ['invalid input of a run', 'run', 'items.sell', { body: { input: {} } }, { messages: [], error: { code: 'input.invalid' } }],
  [
    'an unknown field in options',
    'options',
    'items.sell',
    { body: { field: 'item', input: { colour: 1 } } },
    { error: { code: 'input.invalid' } },
  ],
  ['a field without options', 'options', 'items.sell', { body: { field: 'count' } }, { error: { code: 'action.no_options' } }],
  [
    'a field named like a method of objects',
    'options',
    'items.sell',
    { body: { field: 'toString' } },
    { error: { code: 'action.no_options' } },
  ],
  ['options for no field', 'options', 'items.sell', {}, { error: { code: 'action.no_options' } }],
  ['a plan of a read', 'plan', 'list', {}, { error: { code: 'action.not_writable' } }],
  ['an unknown action', 'plan', 'items.steal', {}, { error: { code: 'action.unknown' } }],
  [
    'another version',
    'run',
    'items.sell',
    { body: sell, grant: { version: 'sha256:old' } },
    { error: { code: 'action.refused', details: { reason: 'version' } } },
  ],
  ['another audience', 'run', 'items.sell', { body: sell, grant: { aud: 'bank' } }, { error: { code: 'grant.invalid' } }],
  [
    'another body',
    'run',
    'items.sell',
    { body: sell, grant: { body: `sha256:${'0'.repeat(64)}` } },
    { error: { code: 'grant.invalid' } },
  ],
  [
    'another environment',
    'run',
    'items.sell',
    { body: sell, grant: { environment: 'staging' } },
    { error: { code: 'grant.invalid' } },
  ],
  [
    'a grant of eternal life',
    'run',
    'items.sell',
    { body: sell, grant: { iat: secondsFromNow(0), exp: '2099-01-01T00:00:00.000Z' } },
    { error: { code: 'grant.invalid' } },
  ],
  [
    'a run without a request',
    'run',
    'items.sell',
    { body: sell, grant: { request: null } },
    { error: { code: 'grant.invalid' } },
  ],
  [
    'a first run of a grant',
    'run',
    'items.sell',
    { body: sell, grant: { jti: grantId } },
    { messages: [{}, {}, { type: 'result' }] },
  ],
  [
    'a second run of a grant',
    'run',
    'items.sell',
    { body: sell, grant: { jti: grantId } },
    { messages: [], error: { code: 'grant.used' } },
  ],
  [
    'a grant from before the start',
    'run',
    'items.sell',
    { body: sell, grant: { iat: secondsFromNow(-30) } },
    { error: { code: 'grant.used' } },
  ],
  [
    'a read with a grant from before the start',
    'run',
    'list',
    { grant: { iat: secondsFromNow(-30) } },
    { messages: [{}, { type: 'result' }] },
  ],
  [
    'a read that refuses',
    'run',
    'moody',
    { body: { input: { mood: 'refuse' } } },
    { messages: [], error: { code: 'action.refused', remedy: 'Come back tomorrow' } },
  ],
  [
    'a read that refuses after it has spoken',
    'run',
    'moody',
    { body: { input: { mood: 'late-refuse' } } },
    { messages: [{ type: 'log' }, { type: 'failure', failure: { kind: 'permanent', message: 'Not any more' } }] },
  ],
  [
    'a read that fails',
    'run',
    'moody',
    { body: { input: { mood: 'permanent' } } },
    { messages: [{ type: 'failure', failure: { kind: 'permanent', message: 'It is broken', remedy: 'Mend it' } }] },
  ],
  [
    'a read that is busy',
    'run',
    'moody',
    { body: { input: { mood: 'retryable' } } },
    { messages: [{ type: 'failure', failure: { kind: 'retryable' } }] },
  ],
  [
    'a read that throws',
    'run',
    'moody',
    { body: { input: { mood: 'throw' } } },
    { messages: [{ type: 'failure', failure: { kind: 'permanent' } }] },
  ],
  [
    'a read that answers a date',
    'run',
    'moody',
    { body: { input: { mood: 'date' } } },
    { messages: [], error: { code: 'provider.protocol' } },
  ],
  [
    'a read that answers another kind',
    'run',
    'moody',
    { body: { input: { mood: 'wrong-kind' } } },
    { messages: [], error: { code: 'provider.protocol' } },
  ],
  [
    'a run that throws',
    'run',
    'items.sell',
    { ...withMood('throw'), grant: { run: 'run-1' } },
    { messages: [{ type: 'failure', failure: { kind: 'permanent' } }] },
  ],
  [
    'a run that fails',
    'run',
    'items.sell',
    withMood('permanent'),
    { messages: [{ type: 'failure', failure: { kind: 'permanent', remedy: 'Call the till maker' } }] },
  ],
  [
    'a run that is busy',
    'run',
    'items.sell',
    withMood('retryable'),
    { messages: [{ type: 'failure', failure: { kind: 'retryable' } }] },
  ],
  [
    'a run that refuses',
    'run',
    'items.sell',
    withMood('refuse'),
    { messages: [{ type: 'failure', failure: { kind: 'permanent' } }] },
  ],
  ['a run with a broken output', 'run', 'items.sell', withMood('bad-output'), { messages: [{ type: 'log', level: 'error' }] }],
];

test.each(CALLS)('gives the same in process and over HTTP: %s', async (_title, phase, action, options, expected) => {
  const here = await outcome(inProcess, phase, action, options);
  expect(here).toMatchObject(expected as object);
  expect(await outcome(overHttp, phase, action, options)).toEqual(here);
  expect(JSON.stringify(here)).not.toContain('hunter2');
});

test('gives the same manifest in process and over HTTP', async () => {
  expect(await overHttp.manifest()).toEqual(await inProcess.manifest());
});

test('refuses an expired grant in process and over HTTP', async () => {
  const options = { body: { input: { item: 'apple' } }, grant: { iat: secondsFromNow(-70), exp: secondsFromNow(-10) } };
  for (const endpoint of [inProcess, overHttp]) {
    expect(await outcome(endpoint, 'plan', 'items.sell', options)).toMatchObject({ error: { code: 'grant.invalid' } });
  }
});

test('keeps the clock tolerance of five seconds in process and over HTTP', async () => {
  const options = { body: { input: { item: 'apple' } }, grant: { iat: secondsFromNow(3), exp: secondsFromNow(63) } };
  for (const endpoint of [inProcess, overHttp])
    expect(await outcome(endpoint, 'plan', 'items.sell', options)).toHaveProperty('value');
});
