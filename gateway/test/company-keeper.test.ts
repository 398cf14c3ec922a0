import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '@guichet/postgres-server/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CompanyKeeper, Directory, loadCompany } from '../src/catalog/index.ts';
import { Database, migrate } from '../src/db/index.ts';

/** Others may use the machine. */
const PATIENCE = { timeout: 10_000 };
const people = (...names: string[]): string =>
  `people: [${names.map((name) => `{ name: ${name}, fullName: ${name} }`).join(', ')}]\n`;

let folder: string;
let database: Awaited<ReturnType<typeof testDatabase>>;
let db: Database;
let directory: Directory;
let keeper: CompanyKeeper;
const news: string[] = [];
const errors: unknown[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-company-'));
  await writeFile(join(folder, 'people.yaml'), people('nadia'));
  database = await testDatabase();
  await migrate(database.url);
  db = new Database({ url: database.url, poolSize: 2, onError: () => {} });
  const { company, digest } = await loadCompany([folder]);
  directory = new Directory({ company });
  news.length = 0;
  errors.length = 0;
  const onNews = (message: string): void => void news.push(message);
  const onError = (error: unknown): void => void errors.push(error);
  keeper = new CompanyKeeper({ db, directory, paths: [folder], digest, onNews, onRefused: onNews, onError, intervalMs: 20 });
  await keeper.start();
});
afterEach(async () => {
  await keeper.stop();
  await db.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const names = (): string[] => directory.company.people.map(({ name }) => name);
const audit = (): Promise<{ type: string; data: Record<string, unknown> }[]> =>
  db.query({ name: 'audit-of-test', text: 'select type, data from audit_events order by id' }, []);

test('a change of a file counts within moments, and is in the audit log', async () => {
  const before = keeper.state().digest;
  await writeFile(join(folder, 'people.yaml'), people('nadia', 'amine'));
  await expect.poll(names, PATIENCE).toEqual(['nadia', 'amine']);
  const { digest, problem } = keeper.state();
  expect(problem).toBeNull();
  expect(await audit()).toEqual([
    { type: 'company.loaded', data: { digest, before, people: 2, teams: 0, services: 0, machines: 0 } },
  ]);
  expect(news).toEqual(['company loaded: 2 people, 0 teams, 0 services']);
});

test('a file more in the folder counts, and one that goes does not any more', async () => {
  await writeFile(join(folder, 'teams.yaml'), 'teams: [{ name: payments, members: [nadia] }]\n');
  await expect.poll(() => [...directory.company.teams], PATIENCE).toEqual(['payments']);
  await rm(join(folder, 'teams.yaml'));
  await expect.poll(() => directory.company.teams.size, PATIENCE).toBe(0);
});

test('a wrong file changes nothing and says why, and a mended one counts', async () => {
  await writeFile(join(folder, 'teams.yaml'), 'teams:\n  - { name: payments, members: [nadja] }\n');
  await expect
    .poll(() => keeper.state().problem?.findings, PATIENCE)
    .toEqual([
      {
        path: 'teams.yaml',
        line: 2,
        column: 33,
        field: '/teams/0/members/0',
        message: "names a person 'nadja' that is not there",
        remedy: 'Did you mean nadia?',
      },
    ]);
  expect(names()).toEqual(['nadia']);
  expect(directory.company.teams.size).toBe(0);
  await expect.poll(audit, PATIENCE).toEqual([{ type: 'company.refused', data: { findings: keeper.state().problem?.findings } }]);
  expect(news).toEqual([
    expect.stringContaining("refused, the old ones stay: teams.yaml:2:33 /teams/0/members/0 names a person 'nadja'"),
  ]);
  await writeFile(join(folder, 'teams.yaml'), 'teams:\n  - { name: payments, members: [nadia] }\n');
  await expect.poll(() => keeper.state().problem, PATIENCE).toBeNull();
  expect([...directory.company.teams]).toEqual(['payments']);
});

test('files that are gone leave the company as it was', async () => {
  await rename(folder, `${folder}-away`);
  await expect.poll(() => keeper.state().problem?.findings[0]?.message, PATIENCE).toContain('cannot be read');
  expect(names()).toEqual(['nadia']);
  await rename(`${folder}-away`, folder);
  await expect.poll(() => keeper.state().problem, PATIENCE).toBeNull();
  expect(news.at(-1)).toBe('company files are again as they were when they were loaded');
});

test('a company that could not be recorded does not count, until it is', async () => {
  await db.query({ name: 'lock-audit', text: 'alter table audit_events rename to audit_events_away' }, []);
  await writeFile(join(folder, 'people.yaml'), people('mallory'));
  await expect.poll(() => errors.length, PATIENCE).toBeGreaterThan(0);
  expect(names()).toEqual(['nadia']);
  await db.query({ name: 'unlock-audit', text: 'alter table audit_events_away rename to audit_events' }, []);
  await expect.poll(names, PATIENCE).toEqual(['mallory']);
});

test('a change between the load of a start and the first look is not lost', async () => {
  await keeper.stop();
  await writeFile(join(folder, 'people.yaml'), people('nadia', 'amine'));
  const { digest } = keeper.state();
  keeper = new CompanyKeeper({
    db,
    directory,
    paths: [folder],
    digest,
    onNews: () => {},
    onRefused: () => {},
    onError: () => {},
    intervalMs: 20,
  });
  await keeper.start();
  await expect.poll(names, PATIENCE).toEqual(['nadia', 'amine']);
});
