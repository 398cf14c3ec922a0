import { readFileSync } from 'node:fs';
import type { FieldError } from '@guichet/contract';
import { GuichetError } from '@guichet/contract';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../src/config.ts';

const rule = {
  claims: { sub: 'repo:acme/orders:environment:staging' },
  machine: 'ci-orders',
  scope: { environments: ['staging'] },
};
const github = {
  name: 'github',
  issuer: 'https://token.actions.githubusercontent.com',
  audience: 'https://guichet.example.com',
  rules: [rule],
};
const arnRule = {
  arn: 'arn:aws:sts::123456789012:assumed-role/deploy/*',
  machine: 'ci-orders',
  scope: { actions: ['orders.*'] },
};

const publicUrl = 'https://guichet.example.com';
function settingsOf(identity: object, more: object = { publicUrl }) {
  const file = { company: 'company.yaml', sealing: { keyFile: 'key' }, identity, ...more };
  return parseConfig(file, { path: '/x/guichet.yaml' }).identity;
}

function findings(identity: object, more?: object): readonly FieldError[] {
  try {
    settingsOf(identity, more);
  } catch (error) {
    if (error instanceof GuichetError) return error.errors ?? [];
    throw error;
  }
  return [];
}

describe('a workload', () => {
  const workload = (more: object): readonly FieldError[] => findings({ workloads: [{ ...github, ...more }] });
  const withRule = (more: object): readonly FieldError[] => workload({ rules: [{ ...rule, ...more }] });

  test('is taken as it stands in the guide, with careful defaults', () => {
    expect(settingsOf({ workloads: [github] }).workloads[0]).toMatchObject({
      audience: ['https://guichet.example.com'],
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      maxAge: 3_600_000,
      reusable: false,
      rules: [{ claims: { sub: ['repo:acme/orders:environment:staging'] }, ttl: 900_000 }],
    });
  });

  test.each([
    ['no algorithm', 'none'],
    ['a secret that both know', 'HS256'],
  ])('is refused with %s', (_what, name) => {
    expect(workload({ algorithms: [name] })[0]?.field).toBe('/identity/workloads/0/algorithms/0');
  });

  test.each([
    'http://gitlab.internal.example.com',
    'http://10.0.0.1',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
  ])('is refused over plain HTTP at %s', (issuer) =>
    expect(workload({ issuer })).toMatchObject([{ field: '/identity/workloads/0/issuer', message: 'must be https' }]),
  );

  test.each(['http://127.0.0.1:4480', 'http://localhost:4480', 'http://[::1]:4480'])('may be over plain HTTP at %s', (issuer) =>
    expect(workload({ issuer })).toEqual([]),
  );

  test.each<[string, object]>([
    ['no condition', {}],
    ['one that every token of the issuer fulfils', { iss: github.issuer, aud: github.audience }],
    ['only stars', { sub: '**', repository: '*/*' }],
  ])('is refused with a rule that has %s: it would admit the whole of the issuer', (_what, claims) => {
    for (const issuer of [github.issuer, 'https://gitlab.example.com'])
      expect(workload({ issuer, rules: [{ ...rule, claims }] })).toMatchObject([
        { field: '/identity/workloads/0/rules/0/claims', message: 'would admit every token of the issuer' },
      ]);
  });

  test.each<[object]>([
    [{ ref_protected: 'true' }],
    [{ environment: 'production' }],
    [{ sub: 'repo:*' }],
    [{ sub: 'repo:acme*' }],
    [{ sub: 'repo:*/orders:environment:production' }],
    [{ repository_owner: 'acme*' }],
    [{ sub: ['repo:acme/orders:environment:production', '**:environment:production'] }],
    [{ job_workflow_ref: 'acme/workflows/.github/workflows/deploy.yml@refs/heads/main' }],
  ])('of a platform for everybody is refused with a rule that does not say whose project it is: %o', (claims) => {
    expect(withRule({ claims })).toMatchObject([{ message: expect.stringContaining('would admit projects of anybody') }]);
  });

  test.each<[object]>([
    [{ sub: 'repo:acme/**' }],
    [{ repository_owner: 'acme', environment: 'production' }],
    [{ repository_id: 4711 }],
    [{ repository: ['acme/orders', 'acme/billing-*'] }],
  ])('of a platform for everybody is taken with one that does: %o', (claims) => expect(withRule({ claims })).toEqual([]));

  test.each<[string, object, string]>([
    ['lives for longer than an hour', { ttl: '2h' }, 'ttl'],
    ['is narrowed to nothing', { scope: {} }, 'scope'],
    ['has no scope', { scope: undefined }, 'scope'],
    ['is for an environment that is not there', { scope: { environments: ['prod'] } }, 'scope/environments/0'],
    ['has a field more', { actions: ['orders.*'] }, 'actions'],
  ])('is refused with a rule whose token %s', (_what, more, field) => {
    expect(withRule(more)).toMatchObject([{ field: `/identity/workloads/0/rules/0/${field}` }]);
  });

  test('is refused twice: the first rule that fits would depend on the order of entries', () => {
    expect(findings({ workloads: [github, { ...github, name: 'again' }] })).toMatchObject([
      { field: '/identity/workloads/1/issuer' },
    ]);
    expect(findings({ workloads: [github, { ...github, issuer: 'https://gitlab.example.com' }] })).toMatchObject([
      { field: '/identity/workloads/1/name' },
    ]);
  });
});

test('the examples of the guide are taken as they stand there', () => {
  const guide = readFileSync(new URL('../../docs/guide/machines.md', import.meta.url), 'utf8');
  const examples = [...guide.matchAll(/```yaml\n([^`]*)```/g)]
    .map(([, text]) => parse(text ?? ''))
    .filter((one) => 'identity' in one);
  expect(examples).toHaveLength(4);
  for (const { identity } of examples) expect(findings(identity), JSON.stringify(identity)).toEqual([]);
});

describe('an ARN', () => {
  const map = (arn: string, more: object = { machine: 'ci-orders', scope: { actions: ['orders.*'] } }): readonly FieldError[] =>
    findings({ aws: { map: [{ arn, ...more }] } });

  test.each([
    'arn:aws:sts::123456789012:assumed-role/deploy/*',
    'arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Ops_*/orders-*',
    'arn:aws-cn:iam::123456789012:user/ci/orders',
    'arn:aws:sts::123456789012:federated-user/orders',
    'arn:aws:iam::123456789012:root',
  ])('may be %s', (arn) => expect(map(arn)).toEqual([]));

  test.each([
    'arn:aws:sts::*:assumed-role/deploy/*',
    'arn:aws:sts::12345678901*:assumed-role/deploy/x',
    'arn:*:sts::123456789012:assumed-role/deploy/x',
    'arn:aws:sts::123456789012:assumed-role/*/x',
    'arn:aws:sts::123456789012:**',
    'arn:aws:sts::123456789012:assumed-role/deploy/**',
    'arn:aws:iam::123456789012:role/deploy',
    '*',
    'deploy',
  ])('is refused as %s', (arn) => expect(map(arn)[0]?.field).toBe('/identity/aws/map/0/arn'));

  test('says the person where the rule does, and only there', () => {
    const of = 'arn:aws:sts::123456789012:assumed-role/developer';
    expect(map(`${of}/{person}`, { person: '{person}' })).toEqual([]);
    expect(map(`${of}/nadia-laptop`, { person: 'nadia' })).toEqual([]);
    expect(map(`${of}/*`, { person: '{person}' })).toMatchObject([{ message: 'must end in /{person}' }]);
    expect(map(`${of}/{person}`, { person: 'nadia' })[0]?.field).toBe('/identity/aws/map/0/arn');
    expect(map(`${of}/x-{person}`, { person: '{person}' })[0]?.field).toBe('/identity/aws/map/0/arn');
    expect(map('arn:aws:sts::123456789012:assumed-role/{person}/x', { person: '{person}' })[0]?.field).toBe(
      '/identity/aws/map/0/arn',
    );
  });

  test('is taken only where the gateway has an address of its own: each call is signed for it', () => {
    expect(findings({ aws: { map: [arnRule] } }, {})).toMatchObject([
      { field: '/publicUrl', message: expect.stringContaining('is required with identity.aws') },
    ]);
    expect(findings({ workloads: [github] }, {})).toEqual([]);
  });

  test('is asked of the servers of AWS alone, unless others are listed', () => {
    const { aws } = settingsOf({ aws: { map: [arnRule] } });
    expect(aws?.hosts).toContain('https://sts.eu-west-3.amazonaws.com');
    expect(aws?.hosts.every((host) => /^https:\/\/sts\.(?:[a-z0-9-]+\.)?amazonaws\.com$/.test(host))).toBe(true);
    expect(
      settingsOf({ aws: { hosts: ['sts.cn-north-1.amazonaws.com.cn', 'http://127.0.0.1:5000'], map: [arnRule] } }).aws?.hosts,
    ).toEqual(['https://sts.cn-north-1.amazonaws.com.cn', 'http://127.0.0.1:5000']);
  });

  test.each([
    'http://sts.amazonaws.com',
    'http://10.0.0.1',
    'STS.amazonaws.com',
    'sts.amazonaws.com.',
    '*.amazonaws.com',
    'https://sts.amazonaws.com/',
    'https://sts.amazonaws.com:443',
    'user@sts.amazonaws.com',
    'https://[::1]:5000',
  ])('is not asked at %s', (host) =>
    expect(findings({ aws: { hosts: [host], map: [arnRule] } })[0]?.field).toBe('/identity/aws/hosts/0'),
  );
});
