import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Change } from '@guichet/contract';
import { afterEach, expect, test } from 'vitest';
import type { ChangeReader } from '../src/changes/index.ts';
import { streamChanges } from '../src/http/changes.ts';
import type { Caller } from '../src/identity/index.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const CALLER = { token: { id: 'token' }, principal: { id: 'user:a' } } as unknown as Caller; // what the stream reads of it

/** A server whose every call is a stream; `over` resolves when it has ended. */
async function serve(options: { heartbeatMs?: number; stalledMs?: number; lifeMs?: number; signal?: AbortSignal }) {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<ChangeReader>();
  let left = 0;
  const hub = {
    enter: (reader: ChangeReader) => {
      entered.resolve(reader);
      return () => {
        left += 1;
      };
    },
  };
  const signal = new AbortController().signal;
  server = createServer((_request, response) => {
    streamChanges({ hub, caller: CALLER, response, headers: {}, signal, ...options }).then(resolve, resolve);
  });
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1'); // it listens on a port
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  return { socket, over, reader: await entered.promise, left: () => left };
}

function said(socket: Socket): (word: string) => Promise<string> {
  let text = '';
  let heard = (): void => {};
  socket.on('data', (chunk) => {
    text += chunk.toString();
    heard();
  });
  return async (word) => {
    while (!text.includes(word))
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    return text;
  };
}

test('a stream begins with open, says what changed and that it lives, and ends with its time', async () => {
  const { socket, over, reader, left } = await serve({ heartbeatMs: 20, lifeMs: 3000 });
  const says = said(socket);
  await says('event: open\ndata: {}\n\n');
  reader.tell([{ kind: 'requests', id: 'REQ-7', state: 'queued' }, { kind: 'policy' }]);
  await says('event: requests\ndata: {"id":"REQ-7","state":"queued"}\n\nevent: policy\ndata: {}\n\n');
  await says(': still here');
  await over;
  expect(left()).toBe(1);
});

test('a reader who is not to be shown anything more, and one of a gateway that stops, are let go', async () => {
  const first = await serve({});
  first.reader.end();
  await first.over;
  server?.close();
  const stops = new AbortController();
  const second = await serve({ signal: stops.signal });
  stops.abort();
  await second.over;
  expect([first.left(), second.left()]).toEqual([1, 1]);
});

test('a reader who takes nothing is cut, and what waits for them does not grow', async () => {
  const { socket, over, reader } = await serve({ stalledMs: 200 });
  socket.pause();
  let isOver = false;
  void over.then(() => {
    isOver = true;
  });
  for (let number = 1; !isOver; number++) {
    reader.tell([{ kind: 'requests', id: `REQ-${number}`, state: 'queued' }]);
    if (number % 50 === 0) await nextTurn();
  }
  await over;
});

test('of many requests that wait for a slow reader it is said that some have changed', async () => {
  const { socket, reader } = await serve({});
  const says = said(socket);
  await says('event: open');
  const many: Change[] = Array.from({ length: 500 }, (_, index) => ({ kind: 'requests', id: `REQ-${index}`, state: 'queued' }));
  reader.tell([...many, { kind: 'company' }]);
  const text = await says('event: company');
  expect(text.match(/event: requests/g)).toHaveLength(1);
  expect(text).toContain('event: requests\ndata: {}\n\n');
});
