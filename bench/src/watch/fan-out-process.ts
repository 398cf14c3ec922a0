/** The floor of `bench watch`: NOTIFY in, server-sent events out. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';

const streams = new Set<ServerResponse>();
const server = createServer((_call, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  response.write('id: 0\nevent: hello\ndata: 0\n\n');
  streams.add(response);
});
const client = new pg.Client({ connectionString: process.argv[2] });
await client.connect();
let number = 0;
client.on('notification', ({ payload }) => {
  number += 1;
  for (const stream of streams) stream.write(`id: ${number}\nevent: news\ndata: ${payload}\n\n`);
});
await client.query('listen bench_watch');
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo; // it listens on a port
  process.send?.(`http://127.0.0.1:${port}/`);
});
process.on('message', () => {
  for (const stream of streams) stream.end();
  void client.end().then(() => process.exit(0));
});
process.on('disconnect', () => process.exit(0));
