import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '@guichet/postgres-server/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseCompany } from '../src/catalog/index.ts';
import { Database, migrate } from '../src/db/index.ts';
import { loadPolicies, Policy, PolicyKeeper } from '../src/policy/index.ts';
import { vocabularyOf } from './support/policies.ts';

const rule = (id: string): string => `@id("${id}") permit (principal, action, resource);\n`;
/** Others may use the machine. */
const PATIENCE = { timeout: 10_000 };
const company = parseCompany('people: []\nteams: []', 'company.yaml');

let folder: string;
let database: Awaited<ReturnType<typeof testDatabase>>;
let db: Database;
let policy: Policy;
let keeper: PolicyKeeper;
const news: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-policies-'));
  await writeFile(join(folder, 'a.cedar'), rule('first'));
  database = await testDatabase();
  await migrate(database.url);
  db = new Database({ url: database.url, poolSize: 2, onError: () => {} });
  const vocabulary = () => vocabularyOf();
  policy = new Policy({ company: () => company, set: loadPolicies(folder, vocabulary()).set });
  news.length = 0;
  const onNews = (message: string): void => void news.push(message);
  keeper = new PolicyKeeper({ db, folder, policy, vocabulary, onNews, onRefused: onNews, onError: () => {}, intervalMs: 20 });
  await keeper.start();
});
afterEach(async () => {
  await keeper.stop();
  await db.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const ids = (): string[] => policy.set.rules.map(({ id }) => id);
const audit = async (): Promise<string[]> =>
  (await db.query<{ type: string }>({ name: 'audit-of-test', text: 'select type from audit_events order by id' }, [])).map(
    ({ type }) => type,
  );

test('a change of the files decides within moments, and is in the audit log', async () => {
  await writeFile(join(folder, 'b.cedar'), rule('second'));
  await expect.poll(ids, PATIENCE).toEqual(['first', 'second']);
  expect(await audit()).toEqual(['policy.loaded']);
  expect(keeper.state()).toMatchObject({ digest: policy.set.digest, problem: null });
});

test('a bad change keeps the old rules and says why, and a mended one is taken', async () => {
  await writeFile(join(folder, 'a.cedar'), 'permit (principal, actio, resource);');
  await expect.poll(() => keeper.state().problem?.findings.length, PATIENCE).toBe(1);
  expect(ids()).toEqual(['first']);
  await expect.poll(audit, PATIENCE).toEqual(['policy.refused']);
  expect(news.at(-1)).toContain('the old ones stay');
  await writeFile(join(folder, 'next.tmp'), rule('mended'));
  await rename(join(folder, 'next.tmp'), join(folder, 'a.cedar'));
  await expect.poll(ids, PATIENCE).toEqual(['mended']);
  expect(keeper.state().problem).toBeNull();
});

test('a folder that is gone, or empty, changes nothing', async () => {
  await rm(join(folder, 'a.cedar'));
  await expect.poll(() => keeper.state().problem?.findings[0]?.message, PATIENCE).toContain('holds no .cedar file');
  expect(ids()).toEqual(['first']);
});

test('the same rules again are no news', async () => {
  await writeFile(join(folder, 'a.cedar'), rule('first'));
  await writeFile(join(folder, 'b.cedar'), rule('second'));
  await expect.poll(ids, PATIENCE).toEqual(['first', 'second']);
  expect(await audit()).toEqual(['policy.loaded']);
});
