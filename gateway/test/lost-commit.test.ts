import { type Action, GuichetError, type ProviderCall, type ProviderEndpoint, type RunMessage } from '@guichet/contract';
import { afterEach, expect, test } from 'vitest';
import type { Catalog, CatalogAction } from '../src/catalog/index.ts';
import { Directory, Grants, ProviderCalls, parseCompany } from '../src/catalog/index.ts';
import { Bus, Database, type Transaction } from '../src/db/index.ts';
import { Policy } from '../src/policy/index.ts';
import type { Outbox } from '../src/requests/index.ts';
import { digestOfRequest } from '../src/requests/standing.ts';
import { Execution } from '../src/runner/execution.ts';
import { lockNext } from '../src/runner/store.ts';
import { Transitions } from '../src/runner/transitions.ts';
import { Keyring, Sealer } from '../src/sealing/index.ts';
import { LocalKey } from '../src/sealing/local-keys.ts';
import { defaultPolicies } from './support/policies.ts';
import { type StoredRequests, storedRequests } from './support/stored.ts';

/** A database whose answer to a commit can be lost on its way, after the commit. */
class LossyDatabase extends Database {
  loses: 'nothing' | 'the next answer' = 'nothing';

  override async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const result = await super.transaction(work);
    if (this.loses === 'nothing') return result;
    this.loses = 'nothing';
    throw new GuichetError('database.unavailable', 'The connection broke.');
  }
}

/** In process nothing is signed. */
const NONE = {
  published: () => [],
  signer: (): never => {
    throw new Error('nothing is signed here');
  },
};
const silent: Outbox = { enqueue: async () => {}, expireLater: async () => {}, remindLater: async () => {} };
const COMPANY = parseCompany('people: [{name: nadia, fullName: Nadia}]\nteams: [{name: payments, members: [nadia]}]', 'test');

/** A provider that counts its calls. */
class Counting implements ProviderEndpoint {
  runs = 0;
  manifest = () => Promise.reject(new Error('not asked for here'));
  options = async () => [];
  observe = async () => ({ status: 'unknown' as const });
  plan = async () => ({
    summary: 'Changes alpha',
    effects: [],
    warnings: [],
    resource: { type: 'thing', id: 'alpha', owner: 'payments' },
    fingerprint: 'calm',
  });
  async *run(_: ProviderCall): AsyncIterable<RunMessage> {
    this.runs += 1;
    yield { type: 'result', output: { kind: 'text', text: 'done' } };
  }
}

let stored: StoredRequests & { db: Database };
let bus: Bus;
afterEach(async () => {
  await bus.close();
  await stored[Symbol.asyncDispose]();
});

/** One claimed request of a provider that counts, on a database that can lose an answer. */
async function claimed() {
  let lossy: LossyDatabase | undefined;
  stored = await storedRequests((url) => {
    lossy = new LossyDatabase({ url, poolSize: 4, onError: () => {} });
    return lossy;
  });
  const db = lossy as LossyDatabase; // storedRequests has just made it
  bus = new Bus({ url: stored.url, database: db, onError: () => {} });
  await bus.start();
  const endpoint = new Counting();
  // The members of an action that are looked at on the way to a run.
  const action = {
    id: 'lab.change',
    name: 'change',
    provider: 'lab',
    version: '1',
    kind: 'write',
    risk: 'reversible',
    available: true,
  };
  const found = {
    action: action as Action,
    endpoint,
    schemaDigest: 'sha256:1',
  } as unknown as CatalogAction; // no input is checked on the way to a run
  const catalog = { findFiled: () => found } as unknown as Catalog; // all that a run asks of it
  const calls = new ProviderCalls({ grants: new Grants({ keys: NONE, issuer: 'test' }), now: () => new Date() });
  const digest = digestOfRequest(
    found,
    {
      environment: 'staging',
      input: { target: 'alpha' },
      fingerprint: 'calm',
      secrets: null,
    },
    { lastsSeconds: null, startAt: null, extensionOf: null },
  );
  const { number } = await stored.file({ digest });
  const transitions = new Transitions({ db, bus, outbox: silent, onNews: () => {} });
  await db.transaction(async (tx) => {
    const [row] = await lockNext(tx, 1);
    const event = { type: 'claim', runId: crypto.randomUUID(), worker: 'w', leaseMs: 60_000 } as const;
    if (row !== undefined) await transitions.apply(tx, row, { event, fence: true });
  });
  const directory = new Directory({ company: COMPANY });
  const world = {
    db,
    bus,
    catalog,
    directory,
    policy: new Policy({ company: () => directory.company, set: defaultPolicies() }),
    calls,
    transitions,
    sealer: await Sealer.start({ db, keyring: new Keyring([new LocalKey(Buffer.alloc(32, 1))]) }),
    windows: { approvalMs: 1000, startMs: 60_000 },
  };
  const execution = new Execution(await stored.read(number), { ...world, graceMs: 100, onError: () => {} });
  return { db, endpoint, execution, number };
}

test('a dispatch whose commit was answered runs', async () => {
  const { endpoint, execution, number } = await claimed();
  await execution.run(Promise.resolve(true));
  expect(endpoint.runs).toBe(1);
  expect(await stored.read(number)).toMatchObject({ state: 'succeeded', attempt: 1 });
});

test('a dispatch whose commit was not answered is not sent, and goes back to the queue though it was committed', async () => {
  const { db, endpoint, execution, number } = await claimed();
  db.loses = 'the next answer';
  await execution.run(Promise.resolve(true));
  expect(endpoint.runs).toBe(0);
  expect(await stored.read(number)).toMatchObject({ state: 'queued', dispatchedAt: null });
});

test('an end whose commit was not answered is committed once', async () => {
  const { db, endpoint, execution, number } = await claimed();
  const run = endpoint.run.bind(endpoint);
  endpoint.run = async function* (call) {
    db.loses = 'the next answer';
    yield* run(call);
  };
  await execution.run(Promise.resolve(true));
  const row = await stored.read(number);
  expect(row).toMatchObject({ state: 'succeeded', output: { text: 'done' } });
  expect(row.eventCount).toBe(4); // submitted, started, dispatched, succeeded
});
