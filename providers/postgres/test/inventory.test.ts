import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { harness } from '@guichet/sdk/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type InstanceSettings, parsePostgresConfig } from '../src/config.ts';
import { Estate } from '../src/estate.ts';
import { createPostgresProvider } from '../src/index.ts';
import { type InstanceSource, type Listing, SourceError } from '../src/inventory/source.ts';

const login = { user: 'watcher', password: 'canary' };
const entry = {
  name: 'pg1',
  environment: 'production',
  owner: 'payments',
  host: '127.0.0.1',
  port: 1,
  observer: login,
  actor: login,
};

function settingsOf(more: Partial<InstanceSettings> = {}): InstanceSettings {
  const [instance] = parsePostgresConfig({ instances: [entry] }).instances;
  if (instance === undefined) throw new Error('it has one');
  return { ...instance, source: 'rds eu-west-1', ...more };
}

/** A source whose answers the test decides. */
function sourceOf(answers: (() => Listing)[], refreshSeconds = 3600): InstanceSource & { asked: number } {
  let last = answers[0];
  const source = {
    label: 'rds eu-west-1',
    refreshSeconds,
    asked: 0,
    async list() {
      source.asked += 1;
      last = answers.shift() ?? last;
      return last?.() ?? { instances: [], notes: [] };
    },
  };
  return source;
}

const listing = (...names: string[]): (() => Listing) => {
  const instances = names.map((name) => settingsOf({ name, host: `${name}.internal` }));
  return () => ({ instances, notes: [] });
};

async function remedyOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((caught: unknown) => caught);
  return error instanceof Error && 'remedy' in error ? String(error.remedy) : 'it was found';
}

describe('the estate', () => {
  test('asks nobody before somebody looks, and then each source once', async () => {
    const source = sourceOf([listing('pg2')]);
    await using estate = disposable(new Estate({ instances: [settingsOf({ source: 'configuration' })] }, [source]));
    expect(source.asked).toBe(0);
    expect((await estate.of('production')).map(({ name }) => name)).toEqual(['pg1', 'pg2']);
    await estate.of('production');
    await estate.find('production', 'pg2');
    expect(source.asked).toBe(1);
  });

  test('asks again for a name that it does not know, but not at every miss', async () => {
    const source = sourceOf([listing('pg2'), listing('pg2', 'pg3')]);
    await using estate = disposable(new Estate({ instances: [] }, [source]));
    await estate.of('production');
    // The answer is too young to be asked for again; an explicit refresh is not.
    expect(await remedyOf(estate.find('production', 'pg3'))).toBe("Did you mean 'pg2'?");
    expect(source.asked).toBe(1);
    expect((await estate.look('production', 'pg3'))?.name).toBe('pg3');
  });

  test('keeps what a failing source last said, tells so, and forgets the failure when it is back', async () => {
    const fail = (): Listing => {
      throw new SourceError('AWS refuses the credentials.', { remedy: 'Give it others.' });
    };
    const bug = (): Listing => {
      throw new Error('canary');
    };
    const source = sourceOf([listing('pg2'), fail, bug, listing('pg2')]);
    await using estate = disposable(new Estate({ instances: [] }, [source]));
    const [before] = await estate.of('production');
    await estate.refresh();
    expect(await estate.of('production')).toEqual([before]);
    expect(estate.notes('production')).toEqual([
      expect.stringMatching(
        /^rds eu-west-1 cannot be read, what it said \S+ ago still counts: AWS refuses the credentials. Give it others.$/,
      ),
    ]);
    expect(await remedyOf(estate.find('production', 'orders'))).toBe(
      'It may be in rds eu-west-1, which cannot be read now: see postgres instances.',
    );
    await estate.refresh();
    expect(estate.notes('production').join()).toContain('It did not answer as it should.');
    expect(estate.notes('production').join()).not.toContain('canary');
    await estate.refresh();
    expect(estate.notes('production')).toEqual([]);
  });

  test('says that a source has not answered yet, and does not wait for it', async () => {
    const answer = Promise.withResolvers<Listing>();
    const slow: InstanceSource = { label: 'rds eu-west-1', refreshSeconds: 60, list: () => answer.promise };
    await using estate = disposable(new Estate({ instances: [settingsOf({ source: 'configuration' })] }, [slow]));
    expect((await estate.of('production')).map(({ name }) => name)).toEqual(['pg1']);
    expect(estate.notes('production')).toEqual(['rds eu-west-1 has not answered yet; look again in a moment.']);
    answer.resolve(listing('pg2')());
    await estate.refresh();
    expect(estate.notes('production')).toEqual([]);
    expect(await estate.of('production')).toHaveLength(2);
  });

  test('lets the configuration win over a source with an instance of the same name, and tells so in that environment', async () => {
    const source = sourceOf([listing('pg1')]);
    await using estate = disposable(new Estate({ instances: [settingsOf({ source: 'configuration' })] }, [source]));
    const [pg1, ...others] = await estate.of('production');
    expect([pg1?.settings.host, others]).toEqual(['127.0.0.1', []]);
    expect(estate.notes('production')).toEqual([
      "'pg1' of rds eu-west-1 is left out: configuration has another instance of that name in 'production'.",
    ]);
    expect(estate.notes('staging')).toEqual([]);
  });

  test('gives an instance of the configuration what AWS knows of it, where both are one server', async () => {
    const rds = {
      account: 'rds eu-west-1',
      region: 'eu-west-1',
      identifier: 'pg1',
      resourceId: 'db-1',
      instanceClass: 'db.r5.large',
      status: 'available',
      replicaOf: undefined,
    };
    const source = sourceOf([() => ({ instances: [settingsOf({ kind: 'rds', rds })], notes: [] })]);
    await using estate = disposable(new Estate({ instances: [settingsOf({ source: 'configuration' })] }, [source]));
    const [pg1] = await estate.of('production');
    expect(pg1?.settings).toMatchObject({ kind: 'rds', source: 'configuration', rds });
    expect(estate.notes('production')).toEqual([]);
  });

  test('keeps an instance and its connections while only facts change, and replaces it when its address does', async () => {
    const at = (host: string, status: string) => () => ({
      instances: [
        settingsOf({
          host,
          rds: {
            account: 'rds eu-west-1',
            region: 'eu-west-1',
            identifier: 'pg1',
            resourceId: 'db-1',
            instanceClass: 'db.r5.large',
            status,
            replicaOf: undefined,
          },
        }),
      ],
      notes: [],
    });
    const shared = settingsOf();
    const same = (made: () => Listing) => () => ({
      instances: made().instances.map((settings) => ({ ...settings, observer: shared.observer, actor: shared.actor })),
      notes: [],
    });
    const source = sourceOf([
      same(at('one.internal', 'available')),
      same(at('one.internal', 'backing-up')),
      same(at('two.internal', 'available')),
    ]);
    await using estate = disposable(new Estate({ instances: [] }, [source]));
    const [first] = await estate.of('production');
    await estate.refresh();
    const [second] = await estate.of('production');
    expect(second).toBe(first);
    expect(second?.settings.rds?.status).toBe('backing-up');
    await estate.refresh();
    const [third] = await estate.of('production');
    expect(third).not.toBe(first);
    expect(third?.settings.host).toBe('two.internal');
  });
});

describe('a catalogue file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'guichet-catalogue-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const open = (file: string, more: object = {}) =>
    createPostgresProvider({ catalogue: { file, ...more } }, { folder, label: 'postgres.yaml', env: { PG_OBSERVER: 'secret' } });

  async function look(postgres: ReturnType<typeof harness>): Promise<{ names: string[]; notes: string[]; empty: string }> {
    const output = await postgres.read('instances');
    if (output.kind !== 'table') throw new Error('it is a table');
    // The instances are down: who is down has a note of its own.
    const notes = (output.notes ?? []).filter((note) => note.includes('catalogue'));
    return { names: output.rows.map(({ name }) => String(name)), notes, empty: output.empty ?? '' };
  }

  test('is read again when it changes; a bad one leaves the last good one in force and is told, without its secrets', async () => {
    const file = join(folder, 'instances.yaml');
    await writeFile(file, JSON.stringify({ instances: [entry] }));
    const provider = open('instances.yaml');
    const postgres = harness(provider);
    expect(await look(postgres)).toMatchObject({ names: ['pg1'], notes: [] });

    const next = join(folder, 'next.yaml');
    await writeFile(next, JSON.stringify([entry, { ...entry, name: 'pg2' }])); // a plain list will do
    await rename(next, file);
    expect(await look(postgres)).toMatchObject({ names: ['pg1', 'pg2'], notes: [] });

    for (const [content, said] of [
      ['instances:\n  - { password: "canary }\n', 'not valid YAML'],
      [JSON.stringify([{ ...entry, port: 'canary' }]), 'instances.0.port: '],
      [JSON.stringify([{ ...entry, canary: 1, prot: 1 }]), 'there is no such field'],
      [JSON.stringify([entry, entry]), "instances.1.name: 'pg1' is there twice in 'production'"],
      [
        JSON.stringify([{ ...entry, actor: { user: 'a', passwordFromEnv: 'NONE' } }]),
        'instances.0.actor.passwordFromEnv: the environment variable NONE is not set',
      ],
    ] as const) {
      await writeFile(file, content);
      const { names, notes } = await look(postgres);
      expect(names).toEqual(['pg1', 'pg2']);
      expect(notes.join()).toContain(said);
      expect(notes.join()).toContain('still counts');
      expect(notes.join().replace('instances.0.canary', '')).not.toContain('canary');
    }
    await rm(file);
    expect((await look(postgres)).notes.join()).toContain('instances.yaml cannot be read.');
    await writeFile(file, JSON.stringify([{ ...entry, name: 'pg3' }]));
    expect(await look(postgres)).toMatchObject({ names: ['pg3'], notes: [] });
    await provider.close();
  });

  test('that is missing keeps nothing from starting, and says what to do', async () => {
    const provider = open('none.yaml');
    const { names, notes, empty } = await look(harness(provider));
    expect(names).toEqual([]);
    expect(notes.join()).toMatch(/none\.yaml cannot be read, nothing of it is known: .* Check that it is there/);
    expect(empty).toContain('postgres-inventory.md');
    await provider.close();
  });

  test('takes logins of the configuration for instances that name none, with files by their name', async () => {
    const bare = { name: 'pg1', environment: 'production', owner: 'payments', host: '127.0.0.1', port: 1 };
    await writeFile(join(folder, 'bare.yaml'), JSON.stringify([bare, { ...bare, name: 'pg2', actor: login }]));
    const lone = open('bare.yaml');
    expect((await look(harness(lone))).notes.join()).toContain(
      'instances.0.observer: is missing: name it here, or for all of them under catalogue.logins',
    );
    await lone.close();

    const logins = {
      observer: { user: 'guichet_observer', passwordFromEnv: 'PG_OBSERVER' },
      actor: { user: 'guichet_actor', passwordFromFile: '{name}-actor' },
    };
    await writeFile(join(folder, 'pg1-actor'), 'first\n');
    const provider = open('bare.yaml', { logins });
    expect(await look(harness(provider))).toMatchObject({ names: ['pg1', 'pg2'], notes: [] });
    await provider.close();
    const { catalogue } = parsePostgresConfig(
      { catalogue: { file: 'bare.yaml', logins } },
      { folder, env: { PG_OBSERVER: 'x' } },
    );
    expect(catalogue?.loginsOf?.('pg1').actor.password()).toBe('first');
    expect(catalogue?.loginsOf?.('pg1')).toBe(catalogue?.loginsOf?.('pg1'));
  });

  test('whose common logins cannot be resolved is told at start-up, with the field', () => {
    const logins = { observer: { user: 'o', passwordFromEnv: 'MISSING' }, actor: login };
    expect(() => open('bare.yaml', { logins })).toThrow(
      'catalogue.logins.observer.passwordFromEnv: the environment variable MISSING is not set',
    );
  });
});

function disposable(estate: Estate): Estate & AsyncDisposable {
  return Object.assign(estate, { [Symbol.asyncDispose]: () => estate.close() });
}
