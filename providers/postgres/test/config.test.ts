import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Manifest } from '@guichet/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPostgresConfig, parsePostgresConfig } from '../src/config.ts';
import { mount } from '../src/mount.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const login = { user: 'watcher', password: 'canary' };
const instance = {
  name: 'pg1',
  environment: 'production',
  owner: 'payments',
  host: 'pg1.internal',
  observer: login,
  actor: login,
};

const region = { region: 'eu-west-1', logins: { observer: login, actor: login } };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

const parse = (config: unknown, env = {}) => parsePostgresConfig(config, { label: 'postgres.yaml', folder, env });
function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toMatchObject({ code: 'config.invalid' });
    expect(JSON.stringify(error)).not.toContain('canary');
    return error instanceof Error ? error.message : '';
  }
  throw new Error('it was accepted');
}

describe('names the file and the field of what is wrong', () => {
  test.each([
    [{}, 'postgres.yaml: instances: '],
    [{ instances: [] }, 'postgres.yaml: instances: '],
    ['canary', 'postgres.yaml: the top: '],
    [{ instances: [instance], pot: 1 }, 'postgres.yaml: pot: there is no such field'],
    [{ instances: [{ ...instance, port: 70_000 }] }, 'postgres.yaml: instances.0.port: '],
    [{ instances: [{ ...instance, port: 'canary' }] }, 'postgres.yaml: instances.0.port: '],
    [{ instances: [{ ...instance, owner: 'The Canary' }] }, 'postgres.yaml: instances.0.owner: must be lower-case words'],
    [{ instances: [{ ...instance, name: 'pg1; canary' }] }, 'postgres.yaml: instances.0.name: must be letters'],
    [{ rds: [region, region] }, "postgres.yaml: rds.1.region: 'eu-west-1' is there twice; another account of it needs a profile"],
    [{ rds: [{ ...region, region: 'Europe' }] }, 'postgres.yaml: rds.0.region: must be the name of a region'],
    [
      { rds: [{ ...region, logins: { observer: login, actor: { user: 'a', passwordFromEnv: 'NONE' } } }] },
      'postgres.yaml: rds.0.logins.actor.passwordFromEnv: the environment variable NONE is not set',
    ],
    [{ instances: [instance, instance] }, "postgres.yaml: instances.1.name: 'pg1' is there twice"],
    [
      { instances: [{ ...instance, actor: { user: 'a' } }] },
      'postgres.yaml: instances.0.actor: must have exactly one of password',
    ],
    [
      { instances: [{ ...instance, actor: { ...login, passwordFromEnv: 'X' } }] },
      'postgres.yaml: instances.0.actor: must have exactly one of password',
    ],
    [{ instances: [{ ...instance, actor: { ...login, canary: 1 } }] }, 'postgres.yaml: instances.0.actor.'],
    [
      { instances: [{ ...instance, actor: { user: 'a', passwordFromEnv: 'PG1_ACTOR' } }] },
      'postgres.yaml: instances.0.actor.passwordFromEnv: the environment variable PG1_ACTOR is not set',
    ],
    [
      { instances: [{ ...instance, actor: { user: 'a', passwordFromFile: 'missing' } }] },
      'postgres.yaml: instances.0.actor.passwordFromFile: ',
    ],
    [{ instances: [{ ...instance, tls: { caFile: 'missing.pem' } }] }, 'postgres.yaml: instances.0.tls.caFile: '],
  ])('%j', (config, message) => {
    if (JSON.stringify(config).includes('"canary":1')) return expect(() => parse(config)).toThrow(message);
    return expect(messageOf(() => parse(config))).toContain(message);
  });

  test('a file that is missing, or is no YAML, without a line of it', async () => {
    expect(messageOf(() => loadPostgresConfig(join(folder, 'none.yaml')))).toContain('none.yaml cannot be read');
    const broken = join(folder, 'broken.yaml');
    await writeFile(broken, 'instances:\n  - { password: "canary }\n');
    expect(messageOf(() => loadPostgresConfig(broken))).toMatch(/broken\.yaml: not valid YAML: [A-Z_]+ \(line \d+\)/);
  });

  test('also where a gateway mounts it', () => {
    expect(messageOf(() => mount({ instances: [{ ...instance, port: 0 }] }, { folder, dataDir: folder }))).toContain(
      'providers.postgres.options: instances.0.port: ',
    );
  });
});

test('takes passwords from the environment and from files, which may be rotated', async () => {
  const file = join(folder, 'actor');
  await writeFile(file, 'first\n');
  const { instances, team } = parse(
    {
      instances: [
        { ...instance, observer: { user: 'o', passwordFromEnv: 'PG1' }, actor: { user: 'a', passwordFromFile: 'actor' } },
      ],
    },
    { PG1: 'from-env' },
  );
  expect(team).toBe('platform');
  expect(instances[0]).toMatchObject({ port: 5432, databases: ['postgres'], tls: false });
  expect(instances[0]?.observer.password()).toBe('from-env');
  expect(instances[0]?.actor.password()).toBe('first');
  await writeFile(file, 'second\n');
  expect(instances[0]?.actor.password()).toBe('second');
});

test('mounts, describes its actions, and closes', async () => {
  const { endpoint, close } = mount({ instances: [instance] }, { folder, dataDir: folder });
  const { actions } = await endpoint.manifest();
  expect(actions.map(({ name, kind, risk, idempotent, observable }) => [name, kind, risk, idempotent, observable])).toEqual(
    expect.arrayContaining([
      ['instances', 'read', 'safe', false, false],
      ['activity', 'read', 'safe', false, false],
      ['blocking', 'read', 'safe', false, false],
      ['cancel-query', 'write', 'reversible', true, true],
      ['terminate-session', 'write', 'destructive', true, true],
      ['create-read-replica', 'write', 'reversible', true, true],
      ['delete-read-replica', 'write', 'destructive', true, true],
    ]),
  );
  await close();
});

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  return { child, exited: once(child, 'exit'), said: () => said };
}

describe('served alone', () => {
  test('answers over HTTP until it is told to stop, with no instance to reach', async () => {
    const config = join(folder, 'postgres.yaml');
    await writeFile(config, JSON.stringify({ instances: [instance] })); // JSON is YAML
    const { child, exited, said } = start(['--config', config, '--port', '0']);
    await once(child.stdout, 'data');
    const url = /serving on (\S+)/.exec(said())?.[1] ?? said();
    const answer = await fetch(`${url}/guichet/v1/manifest`);
    expect(Manifest.parse(await answer.json()).provider).toBe('postgres');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(said()).toContain('postgres: stopped');
  });

  test('exits with 78 and the field for a configuration that is wrong, and with 2 for a flag', async () => {
    const config = join(folder, 'wrong.yaml');
    await writeFile(config, JSON.stringify({ instances: [{ ...instance, port: 'canary' }] }));
    const wrong = start(['--config', config]);
    expect(await wrong.exited).toEqual([78, null]);
    expect(wrong.said()).toContain('wrong.yaml: instances.0.port: ');
    expect(wrong.said()).not.toMatch(/canary|\n\s+at /);
    const flag = start(['--prot', '1']);
    expect(await flag.exited).toEqual([2, null]);
    expect(flag.said()).not.toMatch(/\n\s+at /);
  });
});
