import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AuditEvent, Me, Request, RequestSummary } from '@guichet/contract';
import { freePort } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CommandLine, commandLine, type Finished, type Started, waitFor } from './support/command-line.ts';
import { answerCommandLine, deviceUrlIn } from './support/person.ts';

const RUN = fileURLToPath(new URL('../scripts/run.mjs', import.meta.url));
const DEMO = fileURLToPath(new URL('../demo/src/main.ts', import.meta.url));

let home: string;
let demo: ChildProcess;
let said = '';
let cli: CommandLine;

/** The main scene, played as its users play it: `npm start`'s own command, and the real command line in other processes. */
beforeAll(async () => {
  home = await temporaryDataDir();
  await mkdir(join(home, 'company'));
  demo = spawn(process.execPath, [RUN, DEMO, '--port', String(await freePort()), '--data', join(home, 'company')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [demo.stdout, demo.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  cli = await commandLine({ config: join(home, 'company/cli.json') });
  await waitFor(
    () => said.includes('Ctrl-C stops everything'),
    () => `npm start said: ${said}`,
  );
}, 120_000);

afterAll(async () => {
  const exited = once(demo, 'exit');
  demo.kill('SIGTERM');
  await exited;
  await cli.close();
  await rm(home, { recursive: true, force: true });
}, 60_000);

/** A command as one of the people, each in a terminal of their own. */
function guichet(person: string, ...parameters: string[]): Started {
  return cli.start(parameters, { GUICHET_PROFILE: person, XDG_CACHE_HOME: join(home, 'cache', person) });
}

const json = <Value>(person: string, ...parameters: string[]): Promise<Value> =>
  cli.json(parameters, { GUICHET_PROFILE: person, XDG_CACHE_HOME: join(home, 'cache', person) });

/** Signs somebody in as they would: the command shows a page, they open it in their browser and allow it. */
async function signIn(person: string): Promise<Finished> {
  const login = guichet(person, 'login', '--device');
  await waitFor(() => deviceUrlIn(login.said()) !== undefined, login.said);
  const password = /all with the password '(\w+)'/.exec(said)?.[1] ?? '';
  await answerCommandLine(deviceUrlIn(login.said()) ?? '', { username: person, password });
  return login.finished;
}

test('nobody can do anything before they have signed in', async () => {
  const stranger = await guichet('nadia', 'postgres', 'activity', '--instance', 'pg1', '--env', 'production').finished;
  expect(stranger).toMatchObject({ code: 3, stderr: expect.stringContaining('guichet login --profile nadia') });
});

test('people sign in with the accounts that npm start names', async () => {
  const [nadia, amine] = await Promise.all([signIn('nadia'), signIn('amine')]);
  expect(nadia, nadia.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('Signed in as Nadia Benali') });
  expect(amine, amine.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('Signed in as Amine Diallo') });
});

test('a group of the identity provider makes somebody a member of a team', async () => {
  expect((await signIn('sven')).code).toBe(0);
  const { principal } = await json<Me>('sven', 'whoami');
  expect(principal).toMatchObject({ id: 'user:sven', teams: ['platform'], onCall: ['payments'] });
});

interface Tree {
  readonly roots: readonly { readonly label: string; readonly data?: { readonly pid?: number } }[];
}

test('a developer sees live which statement most sessions are at, and every look is recorded', async () => {
  const flags = ['--instance', 'pg1', '--env', 'production', '--group-by', 'query', '--watch=1', '-o', 'json'];
  const watching = guichet('nadia', 'postgres', 'activity', ...flags);
  await waitFor(() => watching.said().split('\n').length > 2, watching.said);
  watching.child.kill('SIGINT');
  const { code, stdout, stderr } = await watching.finished;
  expect(code, stderr).toBe(0);
  const answers = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Groups);
  expect(answers.at(-1)?.rows).toContainEqual(
    expect.objectContaining({
      name: 'update customers set seen_at = now() where id = $1',
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      waiting: 4,
    }),
  );
  const { items } = await json<{ items: AuditEvent[] }>('nadia', 'audit', 'list', '--action', 'postgres.activity');
  expect(items.length).toBeGreaterThanOrEqual(answers.length);
});

interface Groups {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

test('a developer frees a blocked production database alone, with the yes of a teammate', async () => {
  const blocking = await json<Tree>('nadia', 'postgres', 'blocking', '--instance', 'pg1', '--env', 'production');
  const root = blocking.roots.find(({ label }) => label.includes('orders-migration'));
  expect(root, JSON.stringify(blocking)).toBeDefined();
  const pid = String(root?.data?.pid);

  const activity = await guichet('nadia', 'postgres', 'activity', '--instance', 'pg1', '--env', 'production').finished;
  expect(activity).toMatchObject({ code: 0 });
  expect(activity.stdout).toContain('orders-migration');

  const terminate = guichet(
    'nadia',
    'postgres',
    'terminate-session',
    '--instance',
    'pg1',
    '--pid',
    pid,
    '--env',
    'production',
    '--reason',
    'migration stuck, orders are timing out',
  );
  await waitFor(() => terminate.said().includes("Waiting for 1 approval from team 'payments'"), terminate.said);
  expect(terminate.said()).toMatch(
    /Plan: ends the session of 'orders-migration' \(pid \d+, idle in transaction for .*\), frees \d+ waiting sessions/i,
  );

  const [waiting] = (await json<{ items: RequestSummary[] }>('amine', 'requests', 'list', '--to-approve')).items;
  const id = waiting?.id ?? '';
  const own = await guichet('nadia', 'requests', 'approve', id, '--comment', 'mine').finished;
  expect(own.code).toBe(4);
  const approved = await guichet('amine', 'requests', 'approve', id, '--comment', 'go').finished;
  expect(approved, approved.stderr).toMatchObject({ code: 0 });

  const ended = await terminate.finished;
  expect(ended, terminate.said()).toMatchObject({ code: 0 });
  expect(terminate.said()).toContain('stopped');

  const request = await json<Request>('nadia', 'requests', 'show', id);
  expect(request).toMatchObject({ state: 'succeeded', approvals: [{ by: { id: 'user:amine' }, comment: 'go' }] });
  const audit = await json<{ items: AuditEvent[] }>('nadia', 'audit', 'list', '--request', id);
  const types = audit.items.map(({ type }) => type);
  for (const type of [
    'request.submitted',
    'approval.denied',
    'request.approved',
    'request.queued',
    'request.started',
    'request.dispatched',
    'request.succeeded',
  ])
    expect(types).toContain(type);
});

test('an action of another team, offered over HTTP, takes the approval that its authors ask for', async () => {
  const orders = await json<{ rows: { order: string }[] }>('nadia', 'orders', 'list', '--env', 'staging');
  expect(orders.rows.length).toBeGreaterThan(0);
  const refund = guichet(
    'nadia',
    'orders',
    'refund',
    '--order',
    String(orders.rows[0]?.order),
    '--amount',
    '100',
    '--env',
    'staging',
    '--reason',
    'the parcel was lost',
    '--yes',
  );
  await waitFor(() => refund.said().includes("from team 'payments'"), refund.said);
  const [waiting] = (await json<{ items: RequestSummary[] }>('amine', 'requests', 'list', '--to-approve')).items;
  await guichet('amine', 'requests', 'approve', waiting?.id ?? '', '--comment', 'sorry for the wait').finished;
  expect(await refund.finished, refund.said()).toMatchObject({ code: 0 });
});
