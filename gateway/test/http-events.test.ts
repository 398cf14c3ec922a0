import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Bus, Database, migrate } from '../src/db/index.ts';
import { streamEvents } from '../src/http/events.ts';
import { eventsAfter } from '../src/requests/index.ts';

let database: TestDatabase;
let db: Database;
let bus: Bus;
let server: Server | undefined;
beforeEach(async () => {
  database = await testDatabase();
  await migrate(database.url);
  const onError = (): void => {};
  db = new Database({ url: database.url, poolSize: 3, onError });
  bus = new Bus({ url: database.url, database: db, onError });
  await bus.start();
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  await bus.close();
  await db.close();
  await database.drop();
});

/** A server whose every call is a stream of the events of request 1; resolves `over` when a stream has ended. */
async function serve(options: { heartbeatMs?: number; stalledMs?: number }): Promise<{ socket: Socket; over: Promise<void> }> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  server = createServer((_request, response) => {
    const signal = new AbortController().signal;
    const look = async (after: number) => {
      const events = await eventsAfter(db, '1', after);
      return { row: { state: 'running' }, events, whole: events.length < 500 } as const;
    };
    const sees = () => true;
    streamEvents({ bus, number: '1', after: 0, sees, look, response, headers: {}, signal, ...options }).then(resolve, resolve);
  });
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1'); // it listens on a port
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  return { socket, over };
}

async function store(events: number, bytes: number): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`alter table request_events disable trigger all`); // no request stands behind these events
  await client.query(
    `insert into request_events (request, number, type, data)
     select 1, n, 'run.log', json_build_object('message', repeat('x', $2)) from generate_series(1, $1) n`,
    [events, bytes],
  );
  await client.end();
}

test('a reader who takes nothing is cut, and does not hold our memory', async () => {
  await store(300, 100_000);
  const { socket, over } = await serve({ stalledMs: 200 });
  socket.pause();
  await over;
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.resume();
  await closed;
});

test('a silent stream says that it lives, and finds by itself what no message told it', async () => {
  const { socket } = await serve({ heartbeatMs: 50 });
  let text = '';
  const says = (word: string): Promise<void> =>
    new Promise((resolve) => {
      socket.on('data', (chunk) => {
        text += chunk.toString();
        if (text.includes(word)) resolve();
      });
    });
  await says(': still here');
  await store(1, 5); // nobody publishes it
  await says('"message":"xxxxx"');
  expect(text).toContain('id: 1\nevent: run.log\n');
});
