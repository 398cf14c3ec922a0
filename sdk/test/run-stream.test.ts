import type { RunMessage } from '@guichet/contract';
import { expect, test } from 'vitest';
import { RunStream, StopReason } from '../src/run-stream.ts';
import { collect } from './calls.ts';

const result: RunMessage = { type: 'result', output: { kind: 'text', text: 'done' } };
const log = (message: string): RunMessage => ({ type: 'log', level: 'info', message });

function open(options: { signal?: AbortSignal; cancel?: AbortSignal; onEnd?: () => void } = {}): RunStream {
  return new RunStream({ heartbeatSeconds: 60, timeoutSeconds: 60, signal: new AbortController().signal, ...options });
}

test('gives the messages in order, to a reader that waits and to one that comes late', async () => {
  const stream = open();
  const waiting = stream.next();
  stream.push(log('1'));
  stream.push(log('2'));
  stream.end(result);
  stream.push(log('after the end'));
  expect((await waiting).value).toEqual(log('1'));
  expect(await collect(stream)).toEqual([log('2'), result]);
});

test('keeps only the newest of the progress that nobody has read', async () => {
  const stream = open();
  stream.push({ type: 'progress', done: 1 });
  stream.push({ type: 'progress', done: 2 });
  stream.push(log('x'));
  stream.push({ type: 'progress', done: 3 });
  stream.end(result);
  expect(await collect(stream)).toEqual([{ type: 'progress', done: 2 }, log('x'), { type: 'progress', done: 3 }, result]);
});

test('counts the messages that it had to leave out', async () => {
  const stream = open();
  for (let line = 0; line < 1_005; line += 1) stream.push(log(`${line}`));
  stream.end(result);
  const messages = await collect(stream);
  expect(messages).toHaveLength(1_002);
  expect(messages.at(-2)).toMatchObject({ level: 'warn', message: expect.stringMatching(/^5 messages were left out/) });
  expect(messages.at(-1)).toEqual(result);
});

test('goes on after a cancel, so that the handler can say how it ended', async () => {
  const cancel = new AbortController();
  const stream = open({ cancel: cancel.signal });
  cancel.abort();
  expect(stream.signal.reason).toMatchObject({ kind: 'cancel', name: 'AbortError' });
  expect(stream.signal.reason).toBeInstanceOf(StopReason);
  stream.end(result);
  expect(await collect(stream)).toEqual([result]);
});

test('ends at once when nobody listens any more, and tells the handler', async () => {
  const closed = new AbortController();
  let ends = 0;
  const stream = open({ signal: closed.signal, onEnd: () => (ends += 1) });
  const waiting = stream.next();
  closed.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(stream.signal.reason).toMatchObject({ kind: 'closed' });
  stream.push(log('into the void'));
  stream.end(result);
  await stream.return();
  expect(await collect(stream)).toEqual([]);
  expect(ends).toBe(1);
});
