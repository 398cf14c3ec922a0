import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuichetError } from '@guichet/contract';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseCompany } from '../src/catalog/index.ts';
import { ConfigFile, loadConfig, OVERRIDES, parseConfig } from '../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'guichet-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
function file(text: string): string {
  const path = join(folder, `${count++}.yaml`);
  writeFileSync(path, text);
  return path;
}

function errorOf(work: () => unknown): GuichetError {
  try {
    work();
  } catch (error) {
    if (error instanceof GuichetError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('a file that names only the company is enough', () => {
  const path = file('company: company.yaml');
  expect(loadConfig(path, {})).toMatchObject({
    listen: { host: '127.0.0.1', port: 4400 },
    database: { embedded: { dataDir: '.data/gateway-db' } },
    environments: ['production', 'staging'],
    windows: { approval: 86_400_000, start: 3_600_000 },
    worker: { enabled: true, leaseSeconds: 7 },
    folder,
  });
});

test('lengths of time are read as people write them', () => {
  const config = loadConfig(file('company: c.yaml\nwindows: { approval: 7d, start: 90s }'), {});
  expect(config.windows).toEqual({ approval: 604_800_000, start: 90_000 });
});

describe('the environment', () => {
  const path = file(
    'company: c.yaml\nlisten: { host: 0.0.0.0, port: 80 }\ndatabase: { embedded: { dataDir: x } }\nworker: { tickMs: 500 }',
  );

  test('overrides the file, field by field', () => {
    const env = {
      GUICHET_DATABASE_URL: 'postgres://a@b/c',
      GUICHET_PORT: '8080',
      GUICHET_PUBLIC_URL: 'https://guichet.example.com',
      GUICHET_LOG_LEVEL: 'debug',
      GUICHET_WORKER: 'off',
    };
    expect(loadConfig(path, env)).toMatchObject({
      database: { url: 'postgres://a@b/c' },
      listen: { host: '0.0.0.0', port: 8080 },
      publicUrl: 'https://guichet.example.com',
      logLevel: 'debug',
      worker: { enabled: false, tickMs: 500 },
    });
    expect(loadConfig(path, { GUICHET_HOST: '::1', GUICHET_PORT: '' })).toMatchObject({ listen: { host: '::1', port: 80 } });
  });

  test.each([
    ['GUICHET_PORT', 'http', 'a whole number from 0 to 65535'],
    ['GUICHET_PORT', '70000', 'a whole number from 0 to 65535'],
    ['GUICHET_PORT', '-1', 'a whole number from 0 to 65535'],
    ['GUICHET_PORT', '1e3', 'a whole number from 0 to 65535'],
    ['GUICHET_WORKER', 'maybe', 'on or off'],
    ['GUICHET_LOG_LEVEL', 'loud', 'trace, debug, info, warn, error or silent'],
    ['GUICHET_PUBLIC_URL', 'guichet.example.com', 'an http:// or https:// address'],
    ['GUICHET_DATABASE_URL', 'mysql://root:hunter2@db', 'a postgres:// address'],
  ])('is refused by its own name: %s=%s', (name, value, words) => {
    const error = errorOf(() => loadConfig(path, { [name]: value }));
    expect(error).toMatchObject({ code: 'config.invalid', remedy: expect.stringContaining('unset') });
    expect(error.message).toBe(`The environment variable ${name} must be ${words}.`);
    expect(error.message).not.toContain('hunter2');
  });
});

test.each([
  ['', '/ must be an object', 'Got null'],
  ['just words', '/ must be an object', 'Got a string'],
  ['- a\n- b', '/ must be an object', 'Got a list'],
  ['{}', '/company is required', 'The YAML file'],
  ['company: 5', '/company must be a string', 'Got a number: 5'],
  ['company: c.yaml\nlissten: {}', '/lissten is not known', 'Did you mean listen?'],
  ['company: c.yaml\nlisten: { port: http }', '/listen/port must be a whole number', 'Got a string'],
  ['company: c.yaml\nlisten: { port: 99999 }', '/listen/port must be at most 65535', ''],
  ['company: c.yaml\ndatabase: { url: "mysql://x" }', '/database/url must be a postgres:// address', ''],
  ['company: c.yaml\ndatabase: { embeded: { dataDir: x } }', '/database/embeded is not known', 'Did you mean embedded?'],
  [
    'company: c.yaml\ndatabase: { url: "postgres://x", embedded: {} }',
    "/database/embedded cannot stand beside 'url'",
    'Keep one',
  ],
  [
    'company: c.yaml\nproviders: [{ name: a, url: "http://x", module: m.ts, option: {} }]',
    "/providers/0/module cannot stand beside 'url'",
    'Did you mean options?',
  ],
  ['company: c.yaml\nenvironments: []', '/environments must not be empty', ''],
  ['company: c.yaml\nenvironments: [a, a]', "/environments/1 'a' stands twice", 'Name it once'],
  ['company: c.yaml\nwindows: { approval: soon }', '/windows/approval must look like 90s, 15m, 24h or 7d', ''],
  ['company: c.yaml\nproviders: [{ name: a }]', '/providers/0/url is required', ''],
  ['company: c.yaml\nproviders: [{ name: a, url: "ftp://x" }]', '/providers/0/url must be an address', ''],
  ['company: c.yaml\nproviders: [{ name: A, url: "http://x" }]', '/providers/0/name must be lower-case', ''],
  [
    'company: c.yaml\nproviders: [{ name: a, url: "http://x" }, { name: a, url: "http://y" }]',
    "/providers/1/name 'a' stands twice",
    '',
  ],
  ['company: c.yaml\nworker: { leaseSeconds: 9 }', '/worker/leaseSeconds and tickMs must come to 9.5 s at most', 'within 10 s'],
  ['company: c.yaml\nworker: { leaseSeconds: 2, tickMs: 2000 }', '/worker/tickMs must be at most half of leaseSeconds', 'renews'],
  [
    'company: c.yaml\nwebhooks: [{ name: a, url: "http://x", events: [request.aproved] }]',
    '/webhooks/0/events/0 must be',
    'request.approved?',
  ],
  [
    'company: c.yaml\nwebhooks: [{ name: a, url: "http://x", secretFromEnv: NOT_SET }]',
    '/webhooks/0/secretFromEnv names the environment variable NOT_SET',
    'Set it',
  ],
  ['company: c.yaml\nlogLevel: loud', '/logLevel must be trace, debug, info, warn, error or silent', ''],
  ['company: [', 'is not valid YAML', ''],
  ['company: a\ncompany: b', 'is not valid YAML', ''],
])('%j is refused with the file, the field and the remedy', (text, words, remedy) => {
  const path = file(text);
  const error = errorOf(() => loadConfig(path, {}));
  expect(error.code).toBe('config.invalid');
  expect(error.message).toContain(path);
  expect(error.message).toContain(words);
  expect(error.message).toContain(remedy);
  expect(error.remedy).toMatch(/.{10,}/);
});

test('every wrong field is named at once', () => {
  const error = errorOf(() => loadConfig(file('poolSize: 1\nlogLevel: x\nenvironments: [A]'), {}));
  expect(error.errors?.map(({ field }) => field).sort()).toEqual(['/company', '/environments/0', '/logLevel', '/poolSize']);
});

test('a file that is not there is named', () => {
  const path = join(folder, 'nowhere.yaml');
  expect(errorOf(() => loadConfig(path, {}))).toMatchObject({
    message: `The configuration ${path} cannot be read: it is not there.`,
    remedy: expect.stringContaining('--config'),
  });
});

test('paths start from the folder of the file, wherever the gateway is started', () => {
  expect(parseConfig({ company: 'c.yaml' }, { path: '/etc/guichet/guichet.yaml' }).folder).toBe('/etc/guichet');
});

const company = (text: string) => () => parseCompany(text, 'company.yaml');
const PEOPLE = 'people: [{ name: nadia, fullName: Nadia }]\n';
test.each([
  ['', '/ is empty'],
  ['- a list', '/ must be an object'],
  ['people: [{ name: Nadia, fullName: N }]\nteams: []', '/people/0/name must be lower-case'],
  ['people: [{ name: n, fullName: N, email: x }]\nteams: []', '/people/0/email must be an e-mail address'],
  [
    `${PEOPLE}teams: [{ name: a, members: [nadja] }]`,
    "/teams/0/members/0 names a person 'nadja' that is not there. Did you mean nadia?",
  ],
  [`${PEOPLE}teams: [{ name: a, members: [] }, { name: a, members: [] }]`, "/teams/1/name 'a' stands twice"],
  [
    `${PEOPLE}teams: [{ name: a, members: [] }]\nmachines: [{ name: ci, team: b }]`,
    "/machines/0/team names a team 'b' that is not there",
  ],
  [`${PEOPLE}teams: [{ name: a, members: [] }]\nservices: [{ name: s, team: aa }]`, 'Did you mean a?'],
  [`${PEOPLE}teams: [{ name: a, member: [nadia] }]`, '/teams/0/member is not known. Did you mean members?'],
])('the company file %j is refused with the place and the remedy', (text, words) => {
  const error = errorOf(company(text));
  expect(error.code).toBe('config.invalid');
  expect(error.message).toContain('company.yaml');
  expect(error.message).toContain(words);
});

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly anyOf?: Schema[];
  readonly items?: Schema;
}

/** `listen.port` of every field that a schema takes, those of its lists and alternatives too. */
function fieldsOf({ properties = {}, anyOf = [], items }: Schema, above = ''): string[] {
  const own = Object.entries(properties).flatMap(([name, member]) => {
    const inner = fieldsOf(member, `${above}${name}.`);
    return inner.length === 0 || member.items !== undefined ? [`${above}${name}`, ...inner] : inner;
  });
  return [...own, ...anyOf.flatMap((one) => fieldsOf(one, above)), ...(items === undefined ? [] : fieldsOf(items, above))];
}

test('the guide describes every field and every variable, and no other', () => {
  const guide = readFileSync(new URL('../../docs/guide/gateway.md', import.meta.url), 'utf8');
  const rows = (heading: string): string[] => {
    const section = guide.slice(guide.indexOf(heading)).split(/\n\n(?!\|)/)[0] ?? '';
    return [...section.matchAll(/^\| *`([^`]+)` *\|/gm)].map(([, name]) => name ?? '');
  };
  // The shape that Zod writes is a JSON Schema.
  const fields = new Set(fieldsOf(z.toJSONSchema(ConfigFile, { io: 'input' }) as Schema));
  expect(rows('| field ').sort()).toEqual([...fields].sort());
  expect(rows('| variable ').sort()).toEqual(Object.keys(OVERRIDES).sort());
});
