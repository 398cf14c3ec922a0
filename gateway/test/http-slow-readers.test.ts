import { once } from 'node:events';
import { connect } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { cutSlowReaders } from '../src/http/slow-readers.ts';

let app: FastifyInstance;
afterEach(() => app.close());

async function start(): Promise<number> {
  app = Fastify({ forceCloseConnections: true });
  cutSlowReaders(app, 300);
  app.get('/large', async () => 'x'.repeat(64 * 1024 * 1024));
  app.get('/slow', async () => {
    await new Promise((resolve) => setTimeout(resolve, 900));
    return 'done';
  });
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  return Number(port);
}

test('who takes nothing of a large answer is cut', async () => {
  const port = await start();
  const cut = new Promise<void>((resolve) => {
    app.server.on('connection', (socket) => socket.on('close', () => resolve()));
  });
  const reader = connect(port, '127.0.0.1');
  reader.pause();
  reader.write('GET /large HTTP/1.1\r\nhost: x\r\n\r\n');
  await cut;
  reader.destroy();
});

test('work that lasts is not cut, and a reader that reads gets all of it', async () => {
  const port = await start();
  expect(await (await fetch(`http://127.0.0.1:${port}/slow`)).text()).toBe('done');
  expect((await (await fetch(`http://127.0.0.1:${port}/large`)).text()).length).toBe(64 * 1024 * 1024);
});

test('a connection that is kept lives on between calls', async () => {
  const port = await start();
  const socket = connect(port, '127.0.0.1');
  socket.resume();
  socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'data');
  await new Promise((resolve) => setTimeout(resolve, 600));
  socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
});
