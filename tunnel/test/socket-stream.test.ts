import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { acceptUpgrade, type SocketStream } from '../src/index.ts';

const PING = Buffer.concat([Buffer.from([0x89, 0xfd]), Buffer.alloc(4), Buffer.alloc(125, 'x')]);

/** A client that has opened a WebSocket, and sends what it likes; with the server's end of it. */
async function opened(): Promise<{ client: Socket; stream: SocketStream; close(): void }> {
  const taken = Promise.withResolvers<SocketStream>();
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    void acceptUpgrade({ request, socket, head }).then((stream) => stream && taken.resolve(stream));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1'); // of a TCP server
  const key = Buffer.alloc(16).toString('base64');
  client.write(
    `GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
  );
  const stream = await taken.promise;
  const close = (): void => {
    client.destroy();
    server.close();
  };
  return { client, stream, close };
}

test('answers no pings of a peer that reads nothing, once enough answers wait', async () => {
  const { client, stream, close } = await opened();
  client.pause();
  let pings = 0;
  stream.socket.on('ping', () => {
    pings += 1;
  });
  const many = Buffer.concat(Array.from({ length: 1000 }, () => PING));
  // More than fits into the buffers of the network, which take some megabytes.
  for (let n = 0; n < 160; n++) if (!client.write(many)) await once(client, 'drain');
  await expect.poll(() => pings, { timeout: 20_000 }).toBe(160_000);
  expect(stream.socket.bufferedAmount).toBeLessThan(1024 * 1024);
  close();
});

test('does not parse messages where none is expected, however early they come', async () => {
  const { client, stream, close } = await opened();
  stream.refuseMessages();
  client.write(Buffer.concat([Buffer.from([0x81, 0x82]), Buffer.alloc(4), Buffer.from('[]')]));
  await expect(once(stream, 'close')).rejects.toThrow('No message was expected.');
  close();
});
