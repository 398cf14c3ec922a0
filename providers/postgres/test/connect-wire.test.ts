import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  errorFields,
  GSSENC_REQUEST,
  int32,
  message,
  PROTOCOL_3_0,
  SSL_REQUEST,
  startMessage,
  startupMessage,
} from '../src/wire/messages.ts';
import { openServerSession } from '../src/wire/server-session.ts';
import { type Lab, openLab, until } from './lab.ts';
import { type Connected, connectTo, providerOn } from './lease-lab.ts';

let lab: Lab;
let lease: Connected;
beforeAll(async () => {
  lab = await openLab(18);
  await lab.sql('create table copied (n int, filler text); grant all on copied to public');
  lease = await connectTo(lab.provider, { request: 'REQ-1', role: 'write' });
  await lease.hold();
});
afterAll(async () => {
  await lease[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

interface Answer {
  readonly type: string;
  readonly body: Buffer;
}

/** A client that says just what it is told to. */
async function rawClient() {
  const { signal } = new AbortController();
  const parameters = new Map([
    ['user', 'anybody'],
    ['database', 'postgres'],
  ]);
  const { socket } = await openServerSession(
    { host: '127.0.0.1', port: lease.port, tls: false },
    { parameters, password: '', signal },
  );
  const answers: Answer[] = [];
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 1 + rest.readInt32BE(1)) {
      const length = 1 + rest.readInt32BE(1);
      answers.push({ type: String.fromCharCode(rest[0] ?? 0), body: rest.subarray(5, length) });
      rest = rest.subarray(length);
    }
  });
  socket.resume();
  return {
    socket,
    answers,
    /** Waits until so many answers of that type are there. */
    seen: (type: string, count = 1) => until(async () => answers.filter((answer) => answer.type === type).length >= count),
    errors: () => answers.filter(({ type }) => type === 'E').map(({ body }) => errorFields(body)['M']),
  };
}

const sync = message('S');
const parse = (name: string, sql: string): Buffer => message('P', `${name}\0${sql}\0`, Buffer.alloc(2));
const bind = (name: string): Buffer => message('B', `\0${name}\0`, Buffer.alloc(6));
const execute = message('E', '\0', int32(0));

test('copies in and out, the data untouched and unrecorded', async () => {
  const { socket, answers, seen } = await rawClient();
  const before = lease.events.length;
  socket.write(message('Q', 'copy copied from stdin\0'));
  await seen('G');
  const row = `1\t${'x'.repeat(1000)}\n`;
  const many = message('d', row.repeat(500));
  for (let n = 0; n < 20; n++) if (!socket.write(many)) await once(socket, 'drain');
  // What looks like a statement, and is data of a copy, is data.
  socket.write(Buffer.concat([message('d', "2\tQ select 'canary'\n"), message('c')]));
  await seen('Z');
  expect(await lab.sql('select count(*)::int as count from copied')).toEqual([{ count: 10_001 }]);
  socket.write(message('Q', 'copy copied to stdout\0'));
  await seen('Z', 2);
  const out = answers.filter(({ type }) => type === 'd');
  expect(out).toHaveLength(10_001);
  expect(out.at(-1)?.body.toString()).toBe("2\tQ select 'canary'\n");
  expect(lease.events.slice(before).map(({ summary }) => summary)).toEqual(['COPY copied …(masked)', 'COPY copied …(masked)']);
  socket.end(message('X'));
});

test('lets the server wait for a client that does not read, and gives it all in the end', async () => {
  const { socket, answers, seen } = await rawClient();
  socket.write(message('Q', "copy (select repeat('x', 1000) from generate_series(1, 50000)) to stdout\0"));
  socket.pause();
  await until(async () => {
    const rows = await lab.sql("select from pg_stat_activity where usename = $1 and wait_event = 'ClientWrite'", [lease.role]);
    return rows.length === 1;
  });
  socket.resume();
  await seen('Z');
  expect(answers.filter(({ type }) => type === 'd')).toHaveLength(50_000);
  socket.end(message('X'));
});

test('takes statements that are sent ahead, in their order, and counts runs of prepared ones', async () => {
  const { socket, answers, seen } = await rawClient();
  const before = lease.events.length;
  const ahead = Array.from({ length: 300 }, (_, n) => [parse('', `select ${n} as n`), bind(''), execute]).flat();
  socket.write(Buffer.concat([...ahead, sync]));
  await seen('Z');
  const numbers = answers.filter(({ type }) => type === 'D').map(({ body }) => Number(body.toString('utf8', 6)));
  expect(numbers).toEqual(Array.from({ length: 300 }, (_, n) => n));
  expect(lease.events).toHaveLength(before + 300);
  socket.end(message('X'));
});

test('refuses a statement among others that are sent ahead, and the server goes on as after any error', async () => {
  const { socket, answers, seen, errors } = await rawClient();
  socket.write(
    Buffer.concat([
      ...[parse('', 'select 1'), bind(''), execute, sync],
      ...[parse('bad', 'select * from pg_authid'), bind('bad'), execute, sync],
      ...[parse('', 'select 3'), bind(''), execute, sync],
    ]),
  );
  await seen('Z', 3);
  expect(errors()).toEqual(['Guichet does not let statements through that name the places where PostgreSQL keeps passwords.']);
  expect(answers.filter(({ type }) => type === 'D')).toHaveLength(2);
  socket.end(message('X'));
});

test('refuses calls by the fast path, with the answer that such a call expects', async () => {
  const { socket, answers, seen, errors } = await rawClient();
  socket.write(message('F', int32(1598), Buffer.alloc(6)));
  await seen('Z');
  expect(errors()).toEqual([expect.stringMatching(/^Guichet does not let calls by the fast path through/)]);
  expect(answers.map(({ type }) => type)).toEqual(['E', 'Z']);
  socket.end(message('X'));
});

test('says what it does not understand, and ends the session', async () => {
  const { socket, seen, errors } = await rawClient();
  const closed = once(socket, 'close');
  socket.write(Buffer.from([0x51, 0, 0, 0, 1]));
  await seen('E');
  expect(errors()).toEqual(['Guichet does not understand the client: a message of it has no length that a message can have.']);
  await closed;
});

test('ends what runs for a client that has gone without a word', async () => {
  const { socket } = await rawClient();
  socket.write(message('Q', 'select pg_sleep(600)\0'));
  const running = async () =>
    (await lab.sql("select from pg_stat_activity where usename = $1 and wait_event = 'PgSleep'", [lease.role])).length === 1;
  await until(running);
  socket.destroy();
  await until(async () => !(await running()));
});

test('ends a session that does nothing, whatever it has set, and none that is at work', async () => {
  const provider = providerOn(lab, { connect: { idleSeconds: 1, idleInTransactionSeconds: 1 } });
  try {
    await using short = await connectTo(provider, { request: 'REQ-2' });
    const [idle, holding, busy] = await Promise.all([short.open(), short.open(), short.open()]);
    const ended = Promise.all([once(idle, 'error'), once(holding, 'error')]);
    await idle.query('set idle_session_timeout = 0');
    await holding.query('begin; set idle_in_transaction_session_timeout = 0; set idle_session_timeout = 0');
    await busy.query('begin');
    const work = busy.query('select pg_sleep(3), 1 as done');
    expect((await ended).map(([error]) => String(error))).toEqual([
      'error: The session of REQ-2 did nothing for 1 s, so Guichet has ended it.',
      'error: The session of REQ-2 held a transaction open and did nothing for 1 s, so Guichet has ended it.',
    ]);
    expect((await work).rows).toMatchObject([{ done: 1 }]);
  } finally {
    await provider.close();
  }
});

test('tells a client that speaks a newer minor version which one is spoken', async () => {
  const socket = connect(lease.port, '127.0.0.1');
  const got: Buffer[] = [];
  socket.on('data', (chunk) => got.push(chunk));
  socket.write(startMessage(PROTOCOL_3_0 + 2, Buffer.from('user\0anybody\0database\0postgres\0_pq_.shiny\0on\0\0')));
  await until(async () => Buffer.concat(got).includes('server_version'));
  const answer = Buffer.concat(got);
  expect(answer.toString('latin1', 0, 1)).toBe('v');
  expect(answer.readInt32BE(5)).toBe(PROTOCOL_3_0);
  expect(answer.toString('latin1', 13, 24)).toBe('_pq_.shiny\0');
  socket.end(message('X'));
});

test('declines encryption, which the stream has already, and goes on', async () => {
  const socket = connect(lease.port, '127.0.0.1');
  const got: Buffer[] = [];
  socket.on('data', (chunk) => got.push(chunk));
  socket.write(startMessage(GSSENC_REQUEST));
  await until(async () => Buffer.concat(got).toString() === 'N');
  socket.write(startMessage(SSL_REQUEST));
  await until(async () => Buffer.concat(got).toString() === 'NN');
  socket.write(startupMessage(new Map([['user', 'anybody']])));
  await until(async () => Buffer.concat(got).includes('server_version'));
  socket.end(message('X'));
});
