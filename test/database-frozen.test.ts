import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '@guichet/contract';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';

let dataDir: string;
let gateway: TestGateway;
let postmaster: number;

beforeAll(async () => {
  dataDir = await temporaryDataDir();
  gateway = await startGateway({ config: { database: { embedded: { dataDir } } } });
  postmaster = postmasterPid();
});
afterAll(async () => {
  await gateway.close();
  await rm(dataDir, { recursive: true, force: true });
});

const postmasterPid = (): number => Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);

/** The server and its sessions: each is a child of the postmaster. */
function everyServerProcess(): number[] {
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return [postmaster, ...children.map(Number)];
}

test.skipIf(process.platform !== 'linux')(
  'a database that is frozen is told as unavailable, and is used again when it thaws',
  async () => {
    expect((await gateway.call('nadia', 'GET', '/v1/me')).status).toBe(200);
    const frozen = everyServerProcess();
    for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    try {
      const { status, body } = await gateway.call<Problem>('nadia', 'GET', '/v1/me');
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'database.unavailable' });
    } finally {
      for (const pid of frozen) process.kill(pid, 'SIGCONT');
    }
    await expect.poll(async () => (await gateway.call('nadia', 'GET', '/v1/me')).status, { timeout: 20_000 }).toBe(200);
  },
  60_000,
);

test('an embedded database that is killed is started again, with all that was committed', async () => {
  const { body } = await gateway.submit('nadia', { action: 'lab.change' });
  process.kill(postmaster, 'SIGKILL');
  const state = async () => (await gateway.call<{ state?: string }>('nadia', 'GET', `/v1/requests/${body.id}`)).body.state;
  await expect.poll(state, { timeout: 30_000 }).toBe('succeeded');
  expect(postmasterPid()).not.toBe(postmaster);
}, 60_000);
