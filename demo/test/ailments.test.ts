import { rm } from 'node:fs/promises';
import type { TableOutput } from '@guichet/contract';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import { createPostgresProvider } from '@guichet/provider-postgres';
import { harness } from '@guichet/sdk/testing';
import { expect, test } from 'vitest';
import { startAilments } from '../src/ailments.ts';
import { DATABASE, startInstance } from '../src/estate.ts';

const table = (output: unknown) => output as TableOutput; // the kind that the action declares

const ILLS = ['sequence near its end', 'foreign key without index', 'inactive replication slot', 'invalid index', 'unused index'];

/** Starts the server as the demo does, and gives what is found on it once all is there, and which statement costs most. */
async function findings(home: string) {
  const instance = await startInstance(home, { name: 'pg1', environment: 'production', owner: 'payments', major: 18 });
  const stop = new AbortController();
  const ending = startAilments(instance, stop.signal);
  const login = (user: string, password: string) => ({ user, password });
  const provider = createPostgresProvider({
    instances: [
      {
        name: 'pg1',
        environment: 'production',
        owner: 'payments',
        host: instance.server.host,
        port: instance.server.port,
        databases: [DATABASE],
        observer: login('guichet_observer', instance.passwords.observer),
        actor: login('guichet_actor', instance.passwords.actor),
        admin: login('guichet_admin', instance.passwords.admin),
      },
    ],
  });
  try {
    const postgres = harness(provider);
    let found: unknown[] = [];
    let statements: unknown[] = [];
    for (let tries = 0; tries < 200; tries++) {
      found = table(await postgres.read('health', { instance: 'pg1' })).rows.map(({ finding }) => finding);
      statements = table(await postgres.read('slow-queries', { instance: 'pg1', user: 'orders' })).rows.map(({ query }) => query);
      const looksUp = statements.includes('select id, state from shipments where tracking = $1');
      if (looksUp && ILLS.every((ill) => found.includes(ill))) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return { found, statements };
  } finally {
    stop.abort();
    await Promise.all(ending);
    await provider.close();
    await instance.server.stop();
  }
}

test('health finds each ailment of the demo, after a second start too', async () => {
  const home = await temporaryDataDir();
  try {
    for (const start of ['first', 'second']) {
      const { found, statements } = await findings(home);
      expect(found, start).toEqual(expect.arrayContaining(ILLS));
      expect(statements, start).toContain('select id, state from shipments where tracking = $1');
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
