import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isFinal, type Request } from '@guichet/contract';
import { testDatabase } from '@guichet/postgres-server/testing';
import { action, defineProvider, gatewayKeys, PermanentFailure, serve } from '@guichet/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { sql } from './support/beside.ts';
import { earlierCommit, earlierGateway, FIRST_NEW_MIGRATION } from './support/earlier-release.ts';
import { COMPANY, SEALING } from './support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.ts';

const commit = await earlierCommit();
if (commit === undefined)
  process.stderr.write(`THE TEST OF THE UPGRADE IS SKIPPED: git does not know the commit before ${FIRST_NEW_MIGRATION}.\n`);

const ENV = { [SEALING.variable]: SEALING.key };
const effects: string[] = [];
let current: GatewayProcess;
let closers: (() => Promise<unknown>)[] = [];
let databaseUrl: string;
let start: (release: 'earlier' | 'this') => Promise<GatewayProcess>;
let token: (who: string) => Promise<string>;

/** Does what it is asked once for each run, and knows what it did. */
const counter = defineProvider({
  name: 'counter',
  title: 'Counter',
  version: '1.0.0',
  team: 'platform',
  actions: ['add', 'destroy'].map((name) =>
    action(name, {
      title: `Count (${name})`,
      kind: 'write',
      risk: name === 'destroy' ? 'destructive' : 'reversible',
      input: z.strictObject({ to: z.string() }),
      output: 'record',
      plan: async ({ input }) => ({
        summary: `Adds to ${input.to}`,
        effects: [],
        resource: { type: 'counter', id: input.to, owner: 'payments' },
        fingerprint: 'same',
      }),
      run: async ({ input, runId }) => {
        if (input.to === 'nothing') throw new PermanentFailure('There is nothing to add to.');
        effects.push(runId);
        return { kind: 'record' as const, summary: 'Added', fields: [] };
      },
      observe: ({ runId }) =>
        effects.includes(runId)
          ? { status: 'succeeded' as const, output: { kind: 'record' as const, summary: 'Added', fields: [] } }
          : { status: 'not_started' as const },
    }),
  ),
});

beforeAll(async () => {
  if (commit === undefined) return;
  const { folder: earlierFolder, main } = await earlierGateway(commit);
  const folder = await mkdtemp(join(tmpdir(), 'guichet-upgrade-'));
  const database = await testDatabase();
  databaseUrl = database.url;
  const keys = { find: (kid: string) => gatewayKeys(current.url).find(kid) };
  const provider = await serve(counter, { port: 0, keys });
  closers = [
    () => rm(earlierFolder, { recursive: true, force: true }),
    () => rm(folder, { recursive: true, force: true }),
    () => database.drop(),
    () => provider.close(),
  ];
  const config = {
    listen: { port: 0 },
    database: { url: database.url },
    company: COMPANY,
    sealing: { keyFromEnv: SEALING.variable },
    providers: [{ name: 'counter', url: provider.url }],
    worker: { tickMs: 200, leaseSeconds: 2, drainMs: 5000 },
    logLevel: 'warn',
  };
  start = async (release) => {
    const started = await startGatewayProcess(
      folder,
      { ...config, logLevel: 'info' },
      ENV,
      release === 'earlier' ? main : undefined,
    );
    closers.push(async () => {
      started.kill('SIGTERM');
      await started.exited;
    });
    return started;
  };
  token = async (who) => {
    const file = join(folder, 'issue.yaml');
    await writeFile(file, JSON.stringify(config));
    const args = [main, '--config', file, 'issue-token', who];
    return (await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...ENV } })).stdout.trim();
  };
}, 120_000);
afterAll(async () => {
  for (const close of closers.reverse()) await close();
}, 60_000);

/** A client that does as clients do: whatever says that it can be tried again is, at the gateway that is there then. */
async function call<Body>(as: string, method: string, path: string, body?: unknown, key?: string): Promise<Body> {
  for (;;) {
    const answer = await fetch(`${current.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${as}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch(() => undefined);
    const document = (await answer?.json().catch(() => undefined)) as (Body & { retryable?: boolean }) | undefined; // a problem, or what the route answers
    if (answer?.ok === true && document !== undefined) return document;
    if (document !== undefined && document.retryable !== true) throw new Error(JSON.stringify(document));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test.skipIf(commit === undefined)(
  'the schema of the previous release is changed under load, with its gateway at work: nothing is lost and nothing doubled',
  async () => {
    current = await start('earlier');
    const earlier = current;
    const [nadia, amine] = [await token('user:nadia'), await token('user:amine')];
    const submit = (what: string, to: string, key?: string) => {
      const environment = what === 'add' ? 'staging' : 'production'; // where it waits for an approval
      const body = { action: `counter.${what}`, environment, input: { to }, reason: 'to count' };
      return call<Request>(nadia, 'POST', '/v1/requests', body, key);
    };
    const until = async (id: string, done: (request: Request) => boolean): Promise<Request> => {
      for (;;) {
        const request = await call<Request>(nadia, 'GET', `/v1/requests/${id}`);
        if (done(request)) return request;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    // Requests of the previous release, in the states that last.
    const approved = await submit('destroy', 'approved');
    const rejected = await submit('destroy', 'rejected');
    const withdrawn = await submit('destroy', 'withdrawn');
    await call(amine, 'POST', `/v1/requests/${rejected.id}/reject`, { comment: 'no' });
    await call(nadia, 'POST', `/v1/requests/${withdrawn.id}/withdraw`, {});
    const failed = await submit('add', 'nothing');
    await until(failed.id, ({ state }) => state === 'failed');

    const filed = new Set<string>();
    let loading = true;
    const work = Promise.all(
      Array.from({ length: 3 }, async (_, caller) => {
        for (let turn = 0; loading; turn++) filed.add((await submit('add', `${caller}`, `load-${caller}-${turn}`)).id);
      }),
    );
    const count = async (more: number): Promise<void> => {
      const enough = filed.size + more;
      // A caller that was refused for good must not leave us waiting.
      while (filed.size < enough) await Promise.race([work, new Promise((resolve) => setTimeout(resolve, 20))]);
    };
    await count(10);
    const newer = await start('this'); // it migrates while the earlier one serves and runs
    await count(10);
    current = newer;
    earlier.kill('SIGTERM');
    expect(await earlier.exited).toBe(0);
    await count(10);
    loading = false;
    await work;

    for (const id of filed) expect((await until(id, ({ state }) => isFinal(state))).state, id).toBe('succeeded');
    expect(effects.length).toBe(filed.size);
    expect(new Set(effects).size).toBe(filed.size);
    // What waited is approved now, and runs.
    expect((await until(approved.id, () => true)).state).toBe('awaiting_approval');
    await call(amine, 'POST', `/v1/requests/${approved.id}/approve`, { comment: 'go' });
    await until(approved.id, ({ state }) => state === 'succeeded');
    for (const [{ id }, state] of [
      [rejected, 'rejected'],
      [withdrawn, 'withdrawn'],
      [failed, 'failed'],
    ] as const)
      expect((await until(id, () => true)).state).toBe(state);
    const missing = await sql(
      databaseUrl,
      `select number from requests r where not exists (select from audit_events a where a.request = r.number and a.type = 'request.submitted')`,
    );
    expect(missing).toEqual([]);
  },
  120_000,
);

test.skipIf(commit === undefined)(
  'the previous release goes on after additions, and refuses to start after a breaking change',
  async () => {
    const folder = new URL('../gateway/migrations/', import.meta.url);
    const newer = (await readdir(folder)).filter((name) => name >= FIRST_NEW_MIGRATION);
    const heads = await Promise.all(newer.map(async (name) => (await readFile(new URL(name, folder), 'utf8')).split('\n')[0]));
    const started = start('earlier');
    if (heads.includes('-- breaking: true')) await expect(started).rejects.toThrow();
    else expect((await fetch(`${(await started).url}/readyz`)).status).toBe(200);
  },
  60_000,
);
