import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayKeys, type ProviderServer, serve } from '@guichet/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMPANY, SEALING, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab, labProvider } from './support/lab-provider.ts';

const MAIN = new URL('../gateway/src/main.ts', import.meta.url).pathname;

/** What the gateway has sent to the provider: an eavesdropper's notes. */
const heard: { readonly path: string; readonly authorization: string; readonly body: string }[] = [];
const lab = new Lab();
let gateway: TestGateway;
let replica: TestGateway;
let provider: ProviderServer | undefined;
let wire: ReturnType<typeof createServer>;
let wireUrl: string;
let folder: string;
let config: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-rotation-'));
  // The wire between gateway and provider, which is there before either.
  wire = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      if (provider === undefined) return void request.socket.destroy();
      const path = request.url ?? '';
      const { method = 'GET', headers } = request;
      const body = Buffer.concat(chunks).toString();
      const authorization = headers.authorization ?? '';
      if (authorization !== '') heard.push({ path, authorization, body });
      const answer = await send({ path, method, authorization, body });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(await answer.text());
    });
  });
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  wireUrl = `http://127.0.0.1:${(wire.address() as AddressInfo).port}`; // it listens on a port
  const keyFile = join(folder, 'sealing.key');
  await writeFile(keyFile, SEALING.key);
  const options = { mounted: 'none' as const, config: { providers: [{ name: 'lab', url: wireUrl }] } };
  gateway = await startGateway(options);
  provider = await serve(labProvider(lab), { port: 0, keys: gatewayKeys(gateway.app.url), logger: SILENT });
  await gateway.app.catalog.refresh();
  replica = await startGateway({ ...options, databaseUrl: gateway.databaseUrl });
  config = join(folder, 'guichet.yaml');
  await writeFile(config, JSON.stringify({ company: COMPANY, database: { url: gateway.databaseUrl }, sealing: { keyFile } }));
});
afterAll(async () => {
  await replica.close();
  await gateway.close();
  await provider?.close();
  wire.closeAllConnections();
  await new Promise((resolve) => wire.close(resolve));
  await rm(folder, { recursive: true });
});

interface Sent {
  readonly path: string;
  readonly method: string;
  readonly authorization: string;
  readonly body: string;
}

/** To the provider itself. */
function send({ path, method, authorization, body }: Sent): Promise<Response> {
  return fetch(`${provider?.url}${path}`, {
    method,
    headers: { authorization, ...(method === 'POST' && { 'content-type': 'application/json' }) },
    ...(method === 'POST' && { body }),
  });
}

function operator(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) =>
    execFile(process.execPath, [MAIN, '--config', config, ...args], (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    ),
  );
}

const read = async (at: TestGateway): Promise<number> =>
  (await at.call('nadia', 'POST', '/v1/actions/lab.look/read', { body: { environment: 'staging', input: {} } })).status;
const published = async (at: TestGateway): Promise<string[]> =>
  (await at.call<{ keys: { kid: string }[] }>(null, 'GET', '/v1/keys')).body.keys.map(({ kid }) => kid);
const kidOf = (authorization: string): string =>
  (JSON.parse(Buffer.from(authorization.split('.').at(-1) ?? '', 'base64url').toString()) as { kid: string }).kid;

test('a new key takes over while calls go on at two replicas, and none of them is refused', async () => {
  const [old] = await published(gateway);
  const stopped = new AbortController();
  const statuses: number[] = [];
  const callers = [gateway, replica, gateway, replica].map(async (at) => {
    while (!stopped.signal.aborted) statuses.push(await read(at));
  });
  const rotated = await operator('rotate-grant-key', '--now');
  expect(rotated).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^A new key is published: [0-9a-f]{16}\. It signs from now on\.\n$/),
  });
  const young = /[0-9a-f]{16}/.exec(rotated.out)?.[0];
  const signsBoth = async (): Promise<boolean> => {
    const before = heard.length;
    await Promise.all([read(gateway), read(replica)]);
    return heard.slice(before).every(({ authorization }) => kidOf(authorization) === young);
  };
  await expect.poll(signsBoth, { timeout: 10_000 }).toBe(true);
  stopped.abort();
  await Promise.all(callers);
  expect(statuses.length).toBeGreaterThan(10);
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(await published(gateway)).toEqual([old, young]);
  expect(await published(replica)).toEqual([old, young]);
});

test('a grant of a key that is revoked is worth nothing any more, as soon as the provider has met the new one', async () => {
  expect(await read(gateway)).toBe(200);
  const stolen = heard.at(-1);
  if (stolen === undefined) throw new Error('nothing was heard');
  const replay = (): Promise<Response> => send({ ...stolen, method: 'POST' });
  expect((await replay()).status).toBe(200); // a read may be repeated while its grant lives
  const revoked = await operator('rotate-grant-key', '--now', '--revoke', kidOf(stolen.authorization));
  expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining('is published no longer') });
  expect(await published(gateway)).not.toContain(kidOf(stolen.authorization));
  expect(await read(gateway)).toBe(200);
  await expect.poll(async () => (await replay()).status, { timeout: 10_000 }).toBe(401);
});

test.each([
  [['rotate-grant-key', '--revoke', 'x'], '--revoke goes with --now', 2],
  [['rotate-grant-key', '--now', '--revoke', 'x'], "There is no key 'x' to revoke", 2],
  [['rotate-grant-key', 'x'], 'rotate-grant-key takes no name', 2],
  [['rewrap', 'x'], 'rewrap takes no name', 2],
])('%j is refused in words', async (args, words, code) => {
  const ended = await operator(...args);
  expect(ended).toMatchObject({ code, out: '' });
  expect(ended.err).toContain(words);
  expect(ended.err).not.toMatch(/\n\s+at /);
});
