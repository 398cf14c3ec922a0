import type { AwsAssertion, Exchanged, Problem, Request, Token } from '@guichet/contract';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ACCOUNT, GATEWAY, withAws } from './support/aws.ts';
import { type Answer, startGateway, type TestGateway } from './support/gateway.ts';
import { type Moto, skipsMoto, startMoto } from './support/moto.ts';
import { answerOf, KEYS, type SignOptions, Sts, sign } from './support/sts.ts';

let sts: Sts;
let gateway: TestGateway;
let admin: pg.Client;
beforeAll(async () => {
  sts = await Sts.start();
  gateway = await startGateway({ config: withAws([sts.url]) });
  admin = new pg.Client({ connectionString: gateway.databaseUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await gateway.close();
  await sts[Symbol.asyncDispose]();
});
beforeEach(() => {
  sts.calls = 0;
  sts.instead = undefined;
  sts.arn = `arn:aws:sts::${ACCOUNT}:assumed-role/deploy/orders-17`;
});

const send = (call: AwsAssertion): Promise<Answer<Exchanged & Problem>> =>
  gateway.call(null, 'POST', '/v1/auth/aws', { body: call });
const signed = (options: Partial<SignOptions> = {}): AwsAssertion => sign(sts.url, { gateway: GATEWAY, ...options });
async function exchanged(options: Partial<SignOptions> = {}): Promise<Exchanged> {
  const { status, body } = await send(signed(options));
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}
const me = async (token: string) =>
  (await gateway.call<{ token: Token; principal: { id: string } }>({ token }, 'GET', '/v1/me')).body;

describe('a signed call of GetCallerIdentity', () => {
  test('is sent as it was signed, and exchanged for a token of the machine that its ARN is mapped to', async () => {
    const { accessToken, expiresAt, principal, scope } = await exchanged();
    expect(sts.calls).toBe(1);
    expect(accessToken).toMatch(/^gct_m_/);
    expect(principal.id).toBe('machine:ci-checkout');
    expect(scope).toEqual({ actions: ['lab.*'], environments: ['staging'] });
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThan(5.1 * 60_000);
    expect((await me(accessToken)).token).toMatchObject({
      name: 'aws: assumed-role/deploy/orders-17',
      createdBy: { id: 'system', name: 'aws' },
    });
  });

  test('may be presigned', async () => {
    expect((await exchanged({ presigned: true })).principal.id).toBe('machine:ci-checkout');
  });

  test('is exchanged for a token of the person whose name the session has, for an hour', async () => {
    sts.arn = `arn:aws:sts::${ACCOUNT}:assumed-role/Developer_4f1c/nadia`;
    const { accessToken, expiresAt } = await exchanged();
    expect(accessToken).toMatch(/^gct_u_/);
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(59 * 60_000);
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThan(61 * 60_000);
    expect(await me(accessToken)).toMatchObject({ principal: { id: 'user:nadia', teams: ['checkout', 'payments'] } });
    sts.arn = `arn:aws:sts::${ACCOUNT}:assumed-role/Developer_4f1c/Nadia@example.com`;
    expect((await exchanged()).principal.id).toBe('user:nadia');
  });

  test('is exchanged for a token of the person that the ARN is mapped to, narrowed as the rule says', async () => {
    sts.arn = `arn:aws:iam::${ACCOUNT}:user/ops/marta-laptop`;
    expect(await exchanged()).toMatchObject({ principal: { id: 'user:marta' }, scope: { actions: ['lab.look'] } });
  });

  test('of a person who works as a machine leaves them standing behind what it asks for', async () => {
    sts.arn = `arn:aws:sts::${ACCOUNT}:assumed-role/operate/sven`;
    const { accessToken: token } = await exchanged();
    const submission = { action: 'lab.change-with-sre', environment: 'staging', input: { target: 'alpha' }, reason: 'by AWS' };
    const { body: request } = await gateway.call<Request>({ token }, 'POST', '/v1/requests', { body: submission });
    expect(request.requester.id).toBe('machine:ci-checkout');
    const { body } = await gateway.call('sven', 'POST', `/v1/requests/${request.id}/approve`, { body: {} });
    expect(body['code']).toBe('approval.own_request');
  });

  test('is in the audit log with its ARN, and without its signature or keys', async () => {
    const call = signed();
    const { accessToken } = (await send(call)).body;
    const { token } = await me(accessToken);
    const { rows } = await admin.query<{ data: unknown; text: string }>(
      `select data, data::text as text from audit_events where resource = $1`,
      [`token:${token.id}`],
    );
    expect(rows[0]?.data).toMatchObject({ origin: 'aws', proof: { arn: sts.arn, rule: 0 } });
    const signature = /Signature=([0-9a-f]{64})/.exec(call.headers['Authorization'] ?? '')?.[1] ?? 'none';
    for (const secret of [signature, accessToken, KEYS.secretAccessKey, KEYS.sessionToken ?? ''])
      expect(rows[0]?.text).not.toContain(secret);
  });

  test.each([
    ['another account', 'arn:aws:sts::210987654321:assumed-role/deploy/orders-17'],
    ['another role', `arn:aws:sts::${ACCOUNT}:assumed-role/deployer/orders-17`],
    ['a role whose session looks like one', `arn:aws:sts::${ACCOUNT}:assumed-role/evil/deploy/orders-17`],
    ['a role of the right name that is no session', `arn:aws:iam::${ACCOUNT}:role/deploy`],
    ['another partition', `arn:aws-cn:sts::${ACCOUNT}:assumed-role/deploy/orders-17`],
  ])('of %s is refused', async (_what, arn) => {
    sts.arn = arn;
    const account = arn.split(':')[4] ?? '';
    sts.instead = (response) => {
      response.writeHead(200, { 'content-type': 'text/xml' });
      response.end(answerOf(arn).replace(`<Account>${ACCOUNT}<`, `<Account>${account}<`));
    };
    const { status, body } = await send(signed());
    expect([status, body.code]).toEqual([403, 'assertion.refused']);
    expect(body.detail).toContain(arn);
  });

  test('of a person who is not in the company is refused, and recorded', async () => {
    sts.arn = `arn:aws:sts::${ACCOUNT}:assumed-role/Developer_4f1c/mallory`;
    expect((await send(signed())).body.code).toBe('assertion.refused');
    const { rows } = await admin.query(
      `select data from audit_events where type = 'assertion.refused' and data->>'whom' = 'mallory'`,
    );
    expect(rows).toMatchObject([{ data: { subject: sts.arn, origin: 'aws', rule: 1 } }]);
  });

  test('works once', async () => {
    const again = signed();
    const { token } = await me((await send(again)).body.accessToken);
    expect((await send(again)).body.code).toBe('assertion.used');
    expect(sts.calls).toBe(1);
    // Whoever brings it again is not the only one who has it: what it was exchanged for is where to look.
    const { rows } = await admin.query("select resource, outcome, data from audit_events where type = 'assertion.replayed'");
    expect(rows).toEqual([
      {
        resource: `token:${token.id}`,
        outcome: 'denied',
        data: { origin: 'aws', address: '127.0.0.1', name: token.name, principal: 'machine:ci-checkout' },
      },
    ]);
  });

  test('makes no token that lasts: it would outlive what proves who it is', async () => {
    sts.arn = `arn:aws:sts::${ACCOUNT}:assumed-role/Developer_4f1c/nadia`;
    const { accessToken: token } = await exchanged();
    for (const machine of [undefined, 'ci-checkout', 'not-there']) {
      const body = { name: 'for a year', expiresInDays: 366, scope: { actions: ['lab.*'] }, ...(machine && { machine }) };
      const { status, body: problem } = await gateway.call<Problem>({ token }, 'POST', '/v1/tokens', { body });
      expect([status, problem.code]).toEqual([403, 'policy.denied']);
      expect(problem.detail).toContain('exchanged for a proof (aws)');
      expect(problem.remedy).toContain('guichet login');
    }
  });

  test('gives one token when it is sent many times at once', async () => {
    const call = signed();
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(call)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'assertion.used')).toHaveLength(9);
  });
});

describe('is refused before anything is sent:', () => {
  const minutes = (count: number): Date => new Date(Date.now() + count * 60_000);
  const withUrl = (change: (url: string) => string): AwsAssertion => {
    const call = signed();
    return { ...call, url: change(call.url) };
  };
  const withHeader = (name: string, value: string): AwsAssertion => {
    const call = signed();
    return { ...call, headers: { ...call.headers, [name]: value } };
  };
  const port = (): string => new URL(sts.url).port;

  test.each<[string, () => AwsAssertion]>([
    ['another gateway', () => signed({ gateway: 'https://guichet.example.org' })],
    ['another gateway that begins alike', () => signed({ gateway: `${GATEWAY}.evil.example` })],
    ['no gateway', () => signed({ gateway: null })],
    [
      'a gateway that is not signed',
      () => ({ ...signed({ gateway: null }), headers: { ...signed({ gateway: null }).headers, 'x-guichet-gateway': GATEWAY } }),
    ],
    ['two gateways', () => withHeader('X-Guichet-Gateway', GATEWAY)],
    ['an old signature', () => signed({ date: minutes(-6) })],
    ['a signature of the future', () => signed({ date: minutes(6) })],
    ['an old presigned one', () => signed({ presigned: true, date: minutes(-6) })],
    ['no signature', () => ({ ...signed(), headers: { host: new URL(sts.url).host } })],
    [
      'another algorithm',
      () => withHeader('Authorization', (signed().headers['Authorization'] ?? '').replace('AWS4-HMAC', 'AWS4-ECDSA')),
    ],
    ['another service', () => withHeader('Authorization', (signed().headers['Authorization'] ?? '').replace('/sts/', '/iam/'))],
    ['another action', () => signed({ body: 'Action=AssumeRole&Version=2011-06-15' })],
    ['two actions', () => signed({ body: 'Action=GetCallerIdentity&Version=2011-06-15&Action=AssumeRole' })],
    ['an action with more in it', () => signed({ body: 'Action=GetCallerIdentity&Version=2011-06-15&Tags=1' })],
    [
      'a presigned other action',
      () => signed({ presigned: true, path: '/?Action=GetSessionToken&Version=2011-06-15&X-Amz-Expires=300' }),
    ],
    ['a presigned call with an encoded name', () => withPresigned((url) => url.replace('Action=', 'Act%69on='))],
    ['a presigned call with a field twice', () => withPresigned((url) => `${url}&Action=AssumeRole`)],
    ['a presigned call with a field more', () => withPresigned((url) => `${url}&constructor=x`)],
    ['a presigned call with a body', () => ({ ...signed({ presigned: true }), body: 'Action=AssumeRole&Version=2011-06-15' })],
    ['a query beside the body', () => withUrl((url) => `${url}?Action=AssumeRole`)],
    ['another path', () => withUrl((url) => `${url}..%2f`)],
    ['no path', () => withUrl((url) => url.replace(/\/$/, ''))],
    ['a fragment', () => withUrl((url) => `${url}#x`)],
    ['another host', () => withUrl(() => 'https://sts.evil.example/')],
    ['a host that begins alike', () => withUrl((url) => url.replace('127.0.0.1', '127.0.0.1.evil.example'))],
    ['a user in the address', () => withUrl((url) => url.replace('http://', 'http://sts.amazonaws.com@'))],
    ['our host as the user of another', () => withUrl((url) => `${url.slice(0, -1)}@evil.example/`)],
    ['another port', () => withUrl((url) => url.replace(`:${port()}`, ':1'))],
    ['no port', () => withUrl((url) => url.replace(`:${port()}`, ''))],
    ['a dot at the end of the host', () => withUrl((url) => url.replace('127.0.0.1', '127.0.0.1.'))],
    ['another spelling of the scheme', () => withUrl((url) => url.replace('http', 'HTTP'))],
    ['a scheme that is no web', () => withUrl((url) => url.replace('http', 'file'))],
    ['another spelling of the address', () => withUrl((url) => url.replace('127.0.0.1', '127.1'))],
    ['a number for the address', () => withUrl((url) => url.replace('127.0.0.1', '2130706433'))],
    ['an encoded host', () => withUrl((url) => url.replace('127', '%31%32%37'))],
    ['IPv6', () => withUrl((url) => url.replace('127.0.0.1', '[::ffff:127.0.0.1]'))],
    ['a name for it', () => withUrl((url) => url.replace('127.0.0.1', 'localhost'))],
    ['a real server of STS that is not listed', () => sign('https://sts.amazonaws.com', { gateway: GATEWAY })],
    ['a backslash', () => withUrl((url) => url.replace('http://', 'http:\\\\'))],
    ['a space before it', () => withUrl((url) => ` ${url}`)],
    ['a line break after it', () => withUrl((url) => `${url}\n`)],
    ['a header host of another server', () => withHeader('host', 'sts.evil.example')],
    ['a host that is not signed', () => signedWithout('host')],
    ['a date that is not signed', () => signedWithout('x-amz-date')],
    [
      'a signed header that is missing',
      () => ({ ...signed(), headers: { ...signed().headers, 'X-Amz-Security-Token': undefined as unknown as string } }),
    ],
    ['a signed header that asks for another answer', () => signed({ headers: { accept: 'application/json' } })],
    ['a signed header with a line break', () => withHeader('x-amz-date', '20261121T000000Z\r\nx: y')],
    ['another content-type', () => signed({ headers: { 'content-type': 'application/json' } })],
    ['another content-length', () => withHeader('Content-Length', '1')],
    [
      'a signature in capitals, which would be another one',
      () => withHeader('Authorization', capitals(signed().headers['Authorization'] ?? '')),
    ],
  ])('%s', async (_what, make) => {
    const { status, body } = await send(make());
    expect(['assertion.invalid', 'input.invalid'], `${status} ${JSON.stringify(body)}`).toContain(body.code);
    expect(sts.calls, 'something was sent').toBe(0);
  });

  const withPresigned = (change: (url: string) => string): AwsAssertion => {
    const call = signed({ presigned: true });
    return { ...call, url: change(call.url) };
  };
  const signedWithout = (name: string): AwsAssertion => {
    const call = signed();
    const authorization = (call.headers['Authorization'] ?? '').replace(
      new RegExp(`(SignedHeaders=[^,]*?);?\\b${name}\\b`),
      '$1',
    );
    return { ...call, headers: { ...call.headers, Authorization: authorization.replace('SignedHeaders=;', 'SignedHeaders=') } };
  };
  const capitals = (authorization: string): string =>
    authorization.replace(/Signature=(.*)$/, (_, hex: string) => `Signature=${hex.toUpperCase()}`);

  test('says of another gateway which one this is', async () => {
    const { body } = await send(signed({ gateway: 'https://staging.guichet.example.com' }));
    expect(body.detail).toContain('https://staging.guichet.example.com');
    expect(body.remedy).toContain(GATEWAY);
  });
});

describe('what comes back', () => {
  test('a signature that AWS refuses is refused', async () => {
    const { body } = await send(signed({ keys: { ...KEYS, secretAccessKey: 'another' } }));
    expect(body).toMatchObject({ code: 'assertion.invalid', detail: expect.stringContaining('SignatureDoesNotMatch') });
    expect(sts.calls).toBe(1);
  });

  test('a redirect is not followed', async () => {
    const other = await Sts.start();
    sts.instead = (response) => void response.writeHead(302, { location: other.url }).end();
    expect((await send(signed())).body.code).toBe('assertion.unavailable');
    expect(other.calls).toBe(0);
    await other[Symbol.asyncDispose]();
  });

  test('an answer without end is let go', async () => {
    sts.instead = (response) => {
      response.writeHead(200, { 'content-type': 'text/xml' });
      const more = setInterval(() => response.write('x'.repeat(16 * 1024)), 1);
      response.on('close', () => clearInterval(more));
    };
    expect((await send(signed())).body.code).toBe('assertion.unavailable');
  });

  test('a connection that is cut is no answer', async () => {
    sts.instead = (response) => void response.destroy();
    expect((await send(signed())).body.code).toBe('assertion.unavailable');
  });

  test.each<[string, string]>([
    ['JSON', '{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Arn":"x"}}}'],
    ['nothing', ''],
    [
      'two results',
      answerOf('arn:aws:sts::123456789012:assumed-role/deploy/x').replace(
        '</GetCallerIdentityResult>',
        '</GetCallerIdentityResult><GetCallerIdentityResult></GetCallerIdentityResult>',
      ),
    ],
    ['two ARNs', answerOf('a</Arn><Arn>arn:aws:sts::123456789012:assumed-role/deploy/x')],
    ['an entity', answerOf('arn:aws:sts::123456789012:assumed-role/deploy/&amp;')],
    ['a comment', answerOf('arn:aws:sts::123456789012:assumed-role/deploy/x<!-- -->')],
    ['a document type', `<!DOCTYPE x [<!ENTITY a "b">]>${answerOf('arn:aws:sts::123456789012:assumed-role/deploy/x')}`],
    ['something before it', `<x/>${answerOf('arn:aws:sts::123456789012:assumed-role/deploy/x')}`],
    ['something after it', `${answerOf('arn:aws:sts::123456789012:assumed-role/deploy/x')}<x/>`],
    ['an account that is not that of the ARN', answerOf('arn:aws:sts::210987654321:assumed-role/deploy/x')],
    [
      'another operation',
      answerOf('arn:aws:sts::123456789012:assumed-role/deploy/x').replaceAll('GetCallerIdentity', 'AssumeRole'),
    ],
  ])('%s is no answer of STS', async (_what, text) => {
    sts.instead = (response) => void response.writeHead(200, { 'content-type': 'text/xml' }).end(text);
    expect((await send(signed())).body.code).toBe('assertion.unavailable');
  });

  test('an answer of STS that is called something else is none', async () => {
    sts.instead = (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(answerOf(sts.arn));
    expect((await send(signed())).body.code).toBe('assertion.unavailable');
  });
});

test('a gateway without AWS says so', async () => {
  const other = await startGateway({ databaseUrl: gateway.databaseUrl, config: { worker: { enabled: false } } });
  const { status, body } = await other.call<Problem>(null, 'POST', '/v1/auth/aws', { body: signed() });
  expect([status, body.code]).toEqual([501, 'assertion.not_configured']);
  await other.close();
});

describe.skipIf(skipsMoto('AWS identity against the STS of moto'))('against the STS of moto', () => {
  let moto: Moto;
  let door: TestGateway;
  beforeAll(async () => {
    moto = await startMoto();
    door = await startGateway({ config: withAws([moto.url]) });
  });
  afterAll(async () => {
    await door.close();
    await moto.stop();
  });

  async function assume(role: string, session: string) {
    const response = await fetch(moto.url, {
      method: 'POST',
      headers: {
        authorization:
          'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261121/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: new URLSearchParams({
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: `arn:aws:iam::${ACCOUNT}:role/${role}`,
        RoleSessionName: session,
      }),
    });
    const text = await response.text();
    const of = (name: string): string => new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1] ?? '';
    return { accessKeyId: of('AccessKeyId'), secretAccessKey: of('SecretAccessKey'), sessionToken: of('SessionToken') };
  }

  test.each([
    ['deploy', 'orders-17', 'machine:ci-checkout'],
    ['Developer_4f1c', 'nadia', 'user:nadia'],
  ])('the role %s of session %s is %s', async (role, session, principal) => {
    const call = sign(moto.url, { gateway: GATEWAY, keys: await assume(role, session) });
    const { status, body } = await door.call<Exchanged>(null, 'POST', '/v1/auth/aws', { body: call });
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body.principal.id).toBe(principal);
    const me = await door.call<{ principal: { id: string } }>({ token: body.accessToken }, 'GET', '/v1/me');
    expect(me.body.principal.id).toBe(principal);
  });

  test('a user that nobody has mapped is refused', async () => {
    const call = sign(moto.url, { gateway: GATEWAY, keys: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' } });
    const { body } = await door.call<Problem>(null, 'POST', '/v1/auth/aws', { body: call });
    expect(body).toMatchObject({
      code: 'assertion.refused',
      detail: expect.stringContaining(`arn:aws:sts::${ACCOUNT}:user/moto`),
    });
  });
});
