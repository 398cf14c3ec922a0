import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Request } from '@guichet/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMPANY, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab, labProvider } from './support/lab-provider.ts';

/** `front` takes requests and approvals; another gateway runs them in a world that has changed meanwhile. */
let front: TestGateway;
let folder: string;
const lab = new Lab();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-companies-'));
  front = await startGateway({ lab, config: { worker: { enabled: false } } });
});
afterAll(async () => {
  await front.close();
  await rm(folder, { recursive: true, force: true });
});

async function approved(): Promise<Request> {
  const { body } = await front.submit('nadia', { action: 'lab.destroy', reason: 'in the way' });
  await front.call('amine', 'POST', `/v1/requests/${body.id}/approve`, { body: {} });
  return front.until(body.id, 'queued');
}

/** The company of the tests with other words in its file. */
async function companyWith(changes: Readonly<Record<string, string>>): Promise<string> {
  let text = await readFile(COMPANY, 'utf8');
  for (const [from, to] of Object.entries(changes)) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  const file = join(folder, `${crypto.randomUUID()}.yaml`);
  await writeFile(file, text);
  return file;
}

/** Runs what is queued in another world, and gives what became of the request. */
async function runIn(options: Parameters<typeof startGateway>[0], id: string): Promise<Request> {
  const back = await startGateway({ lab, databaseUrl: front.databaseUrl, ...options });
  try {
    return await front.until(id, 'void');
  } finally {
    await back.close();
  }
}

test('an approval of somebody who has left the team since does not count, and the run is void', async () => {
  const { id } = await approved();
  const company = await companyWith({ 'members: [amine, paula, nadia]': 'members: [paula, nadia]' });
  const ended = await runIn({ config: { company } }, id);
  expect(ended.failure).toMatchObject({ code: 'policy.denied', message: expect.stringContaining("'payments'") });
  expect(ended.run?.dispatchedAt).toBeNull();
});

test('the request of somebody who has left the company does not run', async () => {
  const { id } = await approved();
  const company = await companyWith({
    '{ name: nadia, fullName': '{ name: someone, fullName',
    '[nadia, marta]': '[marta]',
    '[amine, paula, nadia]': '[amine, paula]',
  });
  const ended = await runIn({ config: { company } }, id);
  expect(ended.failure).toMatchObject({ code: 'policy.denied', message: expect.stringContaining('no longer in the company') });
});

test('an action that is not the one that was approved does not run', async () => {
  const { id } = await approved();
  const mounted = labProvider(lab, { wording: 'something else' }).endpoint({ logger: SILENT });
  const ended = await runIn({ mounted }, id);
  expect(ended.failure).toMatchObject({ code: 'plan.drifted', message: 'lab.destroy has changed since the request was filed.' });
});

test('an action that changed since the request was filed is void at the approval already', async () => {
  const { body } = await front.submit('nadia', { action: 'lab.destroy', reason: 'in the way' });
  const mounted = labProvider(lab, { wording: 'another thing' }).endpoint({ logger: SILENT });
  const other = await startGateway({ lab, mounted, databaseUrl: front.databaseUrl, config: { worker: { enabled: false } } });
  const answer = await other.call('amine', 'POST', `/v1/requests/${body.id}/approve`, { body: {} });
  await other.close();
  expect([answer.status, answer.body['code']]).toEqual([409, 'request.state_conflict']);
  expect((await front.until(body.id, 'void')).approvals).toEqual([]);
  expect(lab.effects).toEqual([]);
});

test('what belongs to another team by now does not run on the yes of the old one', async () => {
  const { id } = await approved();
  lab.owner = 'sre';
  try {
    const ended = await runIn({}, id);
    const message = expect.stringContaining("It belongs to team 'sre' now, no longer to team 'payments'.");
    expect(ended.failure).toMatchObject({ code: 'plan.drifted', message });
    expect(ended.drift?.resource.owner).toBe('sre');
    expect(lab.effects).toEqual([]);
  } finally {
    lab.owner = 'payments';
  }
});
