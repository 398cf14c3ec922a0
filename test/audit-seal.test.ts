import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AuditHead, HeadChain, headLine } from '@guichet/contract/audit-log';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const heads = async (): Promise<AuditHead[]> =>
  (await sql<{ head: AuditHead }>(gateway.databaseUrl, 'select head from audit_heads order by number')).map(({ head }) => head);
const events = async (): Promise<number> =>
  Number((await sql<{ count: string }>(gateway.databaseUrl, 'select count(*) from audit_events'))[0]?.count);
const sealed = async (): Promise<number> => (await heads()).at(-1)?.size ?? 0;

test('every event is sealed soon, under heads that make one chain', async () => {
  await gateway.submit('nadia', { action: 'lab.change', reason: 'to be sealed' });
  await expect.poll(async () => (await sealed()) === (await events()), { timeout: 20_000 }).toBe(true);
  const chain = new HeadChain();
  for (const head of await heads()) chain.add(head);
  chain.end();
  expect(chain.findings).toEqual([]);
  expect(chain.heads.length).toBeGreaterThan(0);
});

test('heads are told in a file outside the database, in order and as they are', async () => {
  const text = async (): Promise<string> => readFile(join(gateway.folder, '.data/audit-heads.jsonl'), 'utf8').catch(() => '');
  await expect
    .poll(async () => (await text()) === (await heads()).map((head) => `${headLine(head)}\n`).join(''), { timeout: 20_000 })
    .toBe(true);
});
