import type { Change } from '@guichet/contract';
import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ChangeHub } from '../src/changes/index.ts';
import { Bus, Database, statement } from '../src/db/index.ts';
import type { Caller } from '../src/identity/index.ts';
import type { RequestRow } from '../src/requests/index.ts';

const CUT = statement(
  'test-cut-bus',
  `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'guichet-bus' and datname = current_database()`,
);
const PATIENCE = { timeout: 20_000, interval: 20 };
const callerOf = (id: string): Caller => ({ token: { id }, principal: { id: `user:${id}` } }) as unknown as Caller; // what the hub reads of it
const rowOf = (number: string, at = 0): RequestRow =>
  ({ number, state: 'queued', updatedAt: new Date(at) }) as unknown as RequestRow; // likewise

let database: TestDatabase;
let db: Database;
let bus: Bus;
beforeEach(async () => {
  database = await testDatabase();
  db = new Database({ url: database.url, poolSize: 2, onError: () => {} });
  bus = new Bus({ url: database.url, database: db, onError: () => {} });
  await bus.start();
});
afterEach(async () => {
  await bus.close();
  await db.close();
  await database.drop();
});

function hubOf({ at = () => 0 }: { at?: () => number } = {}) {
  const asked: string[][] = [];
  const hub = new ChangeHub({
    bus,
    onError: (error) => {
      throw error;
    },
    requests: async (numbers) => {
      asked.push([...numbers]);
      return numbers.map((number) => rowOf(number, at()));
    },
    sees: ({ id }, { number }) => id !== 'user:stranger' || number !== '1',
    standing: async (ids) => new Map([...ids].map((id) => [id, callerOf(id)])),
  });
  return { hub, asked };
}

function read(hub: ChangeHub, id: string): { told: Change[]; leave: () => void } {
  const told: Change[] = [];
  const leave = hub.enter({ caller: callerOf(id), tell: (changes) => told.push(...changes), end: () => {} });
  return { told, leave };
}

test('many readers cost one look at each piece of news, and each is told what they may see', async () => {
  const { hub, asked } = hubOf();
  const readers = Array.from({ length: 50 }, (_, index) => read(hub, `reader-${index}`));
  const stranger = read(hub, 'stranger');
  for (const number of ['1', '2', '1', '2']) bus.publish(`request:${number}`);
  await vi.waitFor(() => expect(stranger.told).toEqual([{ kind: 'requests', id: 'REQ-2', state: 'queued' }]), PATIENCE);
  for (const { told } of readers) expect(told.map((change) => 'id' in change && change.id)).toEqual(['REQ-1', 'REQ-2']);
  expect(asked).toEqual([['1', '2']]);
});

test('what is not otherwise than it was told is no news', async () => {
  let at = 0;
  const { hub, asked } = hubOf({ at: () => at });
  const { told } = read(hub, 'reader');
  bus.publish('request:7');
  await vi.waitFor(() => expect(told).toHaveLength(1), PATIENCE);
  bus.publish('request:7');
  await vi.waitFor(() => expect(asked).toHaveLength(2), PATIENCE);
  at = 1;
  bus.publish('request:7');
  await vi.waitFor(() => expect(told).toHaveLength(2), PATIENCE);
});

test('of many requests at once it is told that some have changed, without asking which', async () => {
  const { hub, asked } = hubOf();
  const { told } = read(hub, 'reader');
  for (let number = 1; number <= 500; number++) bus.publish(`request:${number}`);
  hub.changed('policy');
  await vi.waitFor(() => expect(told).toEqual([{ kind: 'policy' }, { kind: 'requests' }]), PATIENCE);
  expect(asked).toEqual([]);
});

test('without readers nothing is asked, and a reader that comes later is not told of what was before', async () => {
  const { hub, asked } = hubOf();
  const gone = read(hub, 'reader');
  bus.publish('request:1');
  gone.leave();
  bus.publish('request:2');
  hub.changed('catalogue');
  const { told } = read(hub, 'reader');
  bus.publish('request:3');
  await vi.waitFor(() => expect(told).toEqual([{ kind: 'requests', id: 'REQ-3', state: 'queued' }]), PATIENCE);
  expect(asked).toEqual([['3']]);
});

test('after its connection to the database broke, readers are told that any request may have changed', async () => {
  const { hub } = hubOf();
  const { told } = read(hub, 'reader');
  await db.query(CUT);
  await vi.waitFor(() => expect(told).toContainEqual({ kind: 'requests' }), PATIENCE);
});
