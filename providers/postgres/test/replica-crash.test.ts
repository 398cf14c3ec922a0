import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { Harness } from '@guichet/sdk/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PostgresConfigInput } from '../src/index.ts';
import { until } from './lab.ts';
import { NOTHING, openReplicaLab, type ReplicaLab } from './replica-lab.ts';

const WORK = fileURLToPath(new URL('fixtures/replica-work.ts', import.meta.url));
const FLOW = { sourceInstance: 'pg1', replicaSuffix: 'flow' };

let lab: ReplicaLab;
beforeAll(async () => {
  lab = await openReplicaLab(18);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** Runs the work in a process of its own until it has killed itself at that step. Gives what its plan saw. */
async function killedAt(what: 'create' | 'delete', step: string, replicas: Partial<PostgresConfigInput['replicas']> = {}) {
  const path = join(await mkdtemp(join(tmpdir(), 'guichet-work-')), 'config.json');
  await writeFile(path, JSON.stringify({ ...lab.config, replicas: { ...lab.config.replicas, ...replicas } }), { mode: 0o600 });
  const child = spawn(process.execPath, [WORK, what, path, step], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const [code, signal] = await once(child, 'close');
  await rm(dirname(path), { recursive: true });
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
  // The fixture writes one line of JSON, an object.
  const detail = JSON.parse(said) as Record<string, unknown>;
  return { kind: 'plain', name: 'pg1-flow', source: 'pg1', detail };
}

/** The replica is in the inventory, follows its source, and nothing else is there. */
async function expectUsable(postgres: Harness): Promise<void> {
  expect(await postgres.read('instances')).toMatchObject({
    rows: [
      { name: 'pg1', replicas: 1 },
      { name: 'pg1-flow', role: 'replica', state: 'up' },
    ],
  });
  const { slots, folders, servers } = await lab.remains();
  expect([slots.length, folders, servers.length]).toEqual([1, ['pg1-flow'], 1]);
}

/** Takes the replica away, so that the next test begins with nothing. */
async function deleteIt(postgres: Harness): Promise<void> {
  const { failure } = await postgres.run('delete-read-replica', { instance: 'pg1-flow' });
  expect(failure).toBeUndefined();
  expect(await lab.remains()).toEqual(NOTHING);
}

describe('A process that is killed while it makes a replica', () => {
  test.each(['It will listen on port', 'Made the replication slot', 'Copied 0 B', 'Copied 1'])(
    'leaves nothing behind for long: killed at "%s"',
    async (step) => {
      const seen = await killedAt('create', step, { maxRateMB: 8 });
      expect((await lab.remains()).folders).toEqual(['pg1-flow']);
      const provider = lab.provider();
      await until(async () => (await lab.remains()).folders.length === 0);
      expect(await lab.remains()).toEqual(NOTHING);
      const observed = await lab.use(provider).observe('create-read-replica', FLOW, { runId: 'run-1', seen });
      expect(observed).toEqual({ status: 'not_started' });
      await provider.close();
    },
  );

  test.each(['The copy is whole', 'Its server has started', 'Catching up'])(
    'has made a replica that is finished and can be used: killed at "%s"',
    async (step) => {
      const seen = await killedAt('create', step);
      const provider = lab.provider();
      const postgres = lab.use(provider);
      let observed: unknown;
      await until(async () => {
        observed = await postgres.observe('create-read-replica', FLOW, { runId: 'run-1', seen });
        return !isDeepStrictEqual(observed, { status: 'running' });
      });
      expect(observed).toMatchObject({ status: 'succeeded', undoInput: { instance: 'pg1-flow' } });
      await expectUsable(postgres);
      await deleteIt(postgres);
      await provider.close();
    },
  );

  test('has made what a second run of the same request goes on with, and no other request takes', async () => {
    const provider = lab.provider();
    const postgres = lab.use(provider);
    const plan = await postgres.plan('create-read-replica', FLOW);
    const other = await postgres.plan('create-read-replica', FLOW);
    const first = await postgres.run('create-read-replica', FLOW, { plan });
    expect(first.output).toMatchObject({ kind: 'record' });
    const [before] = (await lab.remains()).servers;
    expect((await postgres.run('create-read-replica', FLOW, { plan })).output).toMatchObject({ kind: 'record' });
    expect((await lab.remains()).servers).toEqual([before]);
    expect((await postgres.run('create-read-replica', FLOW, { plan: other })).failure).toMatchObject({
      kind: 'permanent',
      message: "There is a replica 'pg1-flow' already, which REQ-1 has made.",
    });
    await expectUsable(postgres);
    await deleteIt(postgres);
    await provider.close();
  });
});

test('A copy whose server does not start after a crash is taken away', async () => {
  const seen = await killedAt('create', 'The copy is whole');
  const provider = lab.provider({ settings: { shared_buffers: 'much' } });
  await until(async () => (await lab.remains()).folders.length === 0);
  expect(await lab.remains()).toEqual(NOTHING);
  const observed = await lab.use(provider).observe('create-read-replica', FLOW, { runId: 'run-1', seen });
  expect(observed).toEqual({ status: 'not_started' });
  await provider.close();
});

test('A server that ends with its provider ends even when that is killed', async () => {
  await killedAt('create', 'Catching up', { endWithProvider: true });
  await until(async () => (await lab.remains()).servers.length === 0);
  const provider = lab.provider({ endWithProvider: true });
  const postgres = lab.use(provider);
  await until(async () => JSON.stringify(await postgres.read('instances')).includes('pg1-flow'));
  await expectUsable(postgres);
  await deleteIt(postgres);
  await provider.close();
});

describe('A process that is killed while it deletes a replica', () => {
  test.each(['Its server is stopped', 'The replication slot', 'Its folder is removed'])(
    'has it deleted by who comes next: killed at "%s"',
    async (step) => {
      const first = lab.provider();
      await lab.use(first).run('create-read-replica', FLOW);
      await first.close();
      const seen = await killedAt('delete', step);
      const provider = lab.provider();
      const postgres = lab.use(provider);
      await until(async () => (await lab.remains()).folders.length === 0);
      expect(await lab.remains()).toEqual(NOTHING);
      const run = { runId: 'run-1', seen };
      expect(await postgres.observe('delete-read-replica', { instance: 'pg1-flow' }, run)).toMatchObject({ status: 'succeeded' });
      await provider.close();
    },
  );
});

test('A slot that cannot be dropped while its source is away is dropped when the source is back', async () => {
  await killedAt('create', 'Made the replication slot');
  await lab.source.stop();
  const provider = lab.provider();
  const postgres = lab.use(provider);
  await until(async () => JSON.stringify(await postgres.read('instances')).includes("'pg1-flow': The instance 'pg1'"));
  await lab.restartSource();
  await until(async () => (await lab.remains()).folders.length === 0);
  expect(await lab.remains()).toEqual(NOTHING);
  await provider.close();
});
