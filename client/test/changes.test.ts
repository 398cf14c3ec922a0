import type { ServerResponse } from 'node:http';
import { type Change, GuichetError } from '@guichet/contract';
import { afterEach, expect, it } from 'vitest';
import { createClient } from '../src/client.ts';
import { type RouteServer, serveRoutes } from '../src/testing.ts';

let server: RouteServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** Each connection is answered by the next of these. */
async function reading(...connections: ((response: ServerResponse) => void)[]) {
  let count = 0;
  server = await serveRoutes({
    raw: (_request, response) => {
      const next = connections[count++];
      if (next === undefined) throw new GuichetError('token.expired', 'It is over.');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: open\ndata: {}\n\n');
      next(response);
      return true;
    },
  });
  const said: string[] = [];
  const controller = new AbortController();
  const client = createClient({ baseUrl: server.url, token: 'secret' });
  const changes = client.changes({ signal: controller.signal, onConnection: (status) => void said.push(status) });
  return { changes, said, controller };
}

async function taken(changes: AsyncIterator<Change>, count: number): Promise<Change[]> {
  const all: Change[] = [];
  for (let index = 0; index < count; index++) all.push((await changes.next()).value);
  return all;
}

it('gives what may have changed, and says `open` again after a cut: what happened meanwhile is not told', async () => {
  const { changes, said, controller } = await reading(
    (response) => {
      response.write('event: requests\ndata: {"id":"REQ-12","state":"queued"}\n\nevent: weather\ndata: {}\n\n');
      response.write('event: catalogue\ndata: {}\n\n', () => response.destroy());
    },
    (response) => response.end('event: requests\ndata: {}\n\n'),
    () => {},
  );
  expect(await taken(changes, 6)).toEqual([
    { kind: 'open' },
    { kind: 'requests', id: 'REQ-12', state: 'queued' },
    { kind: 'catalogue' },
    { kind: 'open' },
    { kind: 'requests' },
    { kind: 'open' },
  ]);
  // The second one ended in good order.
  expect(said).toEqual(['cut', 'resumed']);
  const next = changes.next();
  controller.abort(new Error('closed by its reader'));
  await expect(next).rejects.toThrow('closed by its reader');
});

it('ends with why the gateway refuses it', async () => {
  const { changes } = await reading((response) => response.end());
  expect(await taken(changes, 1)).toEqual([{ kind: 'open' }]);
  await expect(changes.next()).rejects.toMatchObject({ code: 'token.expired' });
});

it('goes on when a proxy answers in the place of a gateway that restarts', async () => {
  let isAway = false;
  server = await serveRoutes({
    raw: (_request, response) => {
      if (isAway) response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
      else
        response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .write('event: open\ndata: {}\n\n', () => response.destroy());
      isAway = !isAway;
      return true;
    },
  });
  const changes = createClient({ baseUrl: server.url, token: 'secret' }).changes();
  expect(await taken(changes, 3)).toEqual([{ kind: 'open' }, { kind: 'open' }, { kind: 'open' }]);
});
