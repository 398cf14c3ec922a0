import { GuichetError, type RequestEvent } from '@guichet/contract';
import { afterEach, expect, it } from 'vitest';
import { createClient } from '../src/client.ts';
import { type RouteServer, type ServedStream, serveRoutes } from '../src/testing.ts';

let server: RouteServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function watching(...connections: ((stream: ServedStream) => void)[]) {
  const after: number[] = [];
  const said: string[] = [];
  server = await serveRoutes({
    'requests.events': (stream) => {
      after.push(stream.after);
      connections[after.length - 1]?.(stream);
    },
    'requests.show': () => {
      throw new GuichetError('database.unavailable', 'Not now.');
    },
  });
  const client = createClient({ baseUrl: server.url, token: 'secret' });
  const onConnection = (status: string): void => void said.push(status);
  return { server, client, after, said, watch: () => client.watch('REQ-12', { onConnection }) };
}

async function numbers(events: AsyncIterable<RequestEvent>): Promise<number[]> {
  const seen: number[] = [];
  for await (const event of events) seen.push(event.number);
  return seen;
}

it('gives the events in order and ends with the last one of the request', async () => {
  const { watch } = await watching((stream) => {
    stream.send({ number: 1, type: 'request.submitted' });
    stream.send({ number: 2, type: 'run.log', data: { message: 'ünïcode → ✓' } });
    stream.send({ number: 3, type: 'request.succeeded' });
    // The stream stays open: the event itself says that it is over.
  });
  const seen: RequestEvent[] = [];
  for await (const event of watch()) seen.push(event);
  expect(seen.map(({ type }) => type)).toEqual(['request.submitted', 'run.log', 'request.succeeded']);
  expect(seen[1]?.data).toEqual({ message: 'ünïcode → ✓' });
});

it('goes on from the last event after a cut, tells of it, and repeats nothing', async () => {
  const { watch, after, said } = await watching(
    (stream) => {
      stream.send({ number: 1, type: 'request.submitted' });
      stream.send({ number: 2, type: 'request.started' });
      setTimeout(() => stream.cut(), 50);
    },
    (stream) => {
      stream.send({ number: 2, type: 'request.started' }); // a server that repeats itself
      stream.send({ number: 3, type: 'request.failed' });
    },
  );
  expect(await numbers(watch())).toEqual([1, 2, 3]);
  expect(after).toEqual([0, 2]);
  expect(said).toEqual(['cut', 'resumed']);
});

it('connects again when a gateway that drains ends the stream, until the request has ended', async () => {
  const { watch, server, after } = await watching(
    (stream) => {
      stream.send({ number: 1, type: 'request.queued' });
      stream.end();
    },
    (stream) => stream.end(),
  );
  let shown = 0;
  server.handlers.raw = (request, response) => {
    if (request.url !== '/v1/requests/REQ-12') return false;
    shown += 1;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: 'REQ-12', state: shown === 1 ? 'running' : 'succeeded', lastEvent: 1 }));
    return true;
  };
  expect(await numbers(watch())).toEqual([1]);
  expect(after).toEqual([0, 1]);
});

it('ends with the error of a gateway that refuses', async () => {
  const { server, watch } = await watching();
  server.handlers.raw = (_request, response) => {
    response.writeHead(404, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ code: 'request.unknown', detail: 'There is no REQ-12.' }));
    return true;
  };
  await expect(numbers(watch())).rejects.toMatchObject({ code: 'request.unknown' });
});

it('ends at once when the watcher has had enough', async () => {
  const { client } = await watching((stream) => stream.send({ number: 1, type: 'request.submitted' }));
  const abort = new AbortController();
  const events = client.watch('REQ-12', { signal: abort.signal });
  expect((await events.next()).value).toMatchObject({ number: 1 });
  const next = events.next();
  abort.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
});

it('gives up when the gateway stays away longer than the watcher allows', async () => {
  const { client, server } = await watching();
  await server.close();
  await expect(numbers(client.watch('REQ-12', { giveUpAfterMs: 0 }))).rejects.toMatchObject({ code: 'gateway.unreachable' });
});
