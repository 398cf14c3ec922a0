import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { checkProblem } from './support/problems.ts';

const DOCUMENT = `<!doctype html><title>Guichet</title><script type="module" src="/assets/index-abc.js"></script>${' '.repeat(400)}`;
const SCRIPT = `document.title = 'open';${'//'.repeat(400)}`;
const READER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let folder: string;
let gateway: TestGateway;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-console-'));
  await mkdir(join(folder, 'dist/assets'), { recursive: true });
  await writeFile(join(folder, 'secret.txt'), 'not of the console');
  for (const [name, text] of [
    ['index.html', DOCUMENT],
    ['appearance.js', SCRIPT],
    ['assets/index-abc.js', SCRIPT],
  ] as const) {
    await writeFile(join(folder, 'dist', name), text);
    await writeFile(join(folder, 'dist', `${name}.br`), brotliCompressSync(text));
    await writeFile(join(folder, 'dist', `${name}.gz`), gzipSync(text));
  }
  await writeFile(join(folder, 'dist/assets/inter-abc.woff2'), 'a font');
  await writeFile(join(folder, 'dist/.build'), 'how it was built');
  gateway = await startGateway({ config: { console: join(folder, 'dist') } });
});
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true });
});

interface Sent {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** A call whose path and body stay as they are written: fetch tidies the one and unpacks the other. */
function get(path: string, headers: Record<string, string> = READER, method = 'GET'): Promise<Sent> {
  const { hostname, port } = new URL(gateway.app.url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    })
      .on('error', reject)
      .end();
  });
}

const problemOf = ({ body, status }: Sent) => checkProblem(JSON.parse(String(body)), status);

describe('the document', () => {
  test.each([
    '/',
    '/?view=mine',
    '/requests',
    '/requests/REQ-1042?tab=log',
    '/actions/postgres.blocking',
    '/no/such/page',
    '/assetsx',
  ])('is what %s gives to whoever reads pages', async (path) => {
    const { status, headers, body } = await get(path);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(String(body)).toBe(DOCUMENT);
  });

  test('may run its own files, send its own calls, and nothing else', async () => {
    const { headers } = await get('/requests');
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'same-origin',
    });
  });

  test('is asked for again each time, and costs nothing when it is the same', async () => {
    const first = await get('/');
    expect(first.headers['cache-control']).toBe('no-cache');
    const etag = String(first.headers['etag']);
    const again = await get('/requests', { ...READER, 'if-none-match': etag });
    expect(again.status).toBe(304);
    expect(again.body).toHaveLength(0);
  });

  test('says that it depends on what was asked for', async () => {
    expect(String((await get('/requests')).headers['vary'])).toBe('accept, accept-encoding');
  });

  test('has a head', async () => {
    const { status, headers, body } = await get('/requests', READER, 'HEAD');
    expect([status, headers['content-length'], body.length]).toEqual([200, String(DOCUMENT.length), 0]);
  });
});

describe('a file of the build', () => {
  test('is kept for ever: its name holds its digest', async () => {
    const { status, headers, body } = await get('/assets/index-abc.js', { accept: '*/*' });
    expect([status, String(body)]).toEqual([200, SCRIPT]);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(headers['content-type']).toBe('application/javascript; charset=utf-8');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  test.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ])('comes compressed as it was at the build: %s', async (encoding, unpacked) => {
    for (const [path, text] of [
      ['/assets/index-abc.js', SCRIPT],
      ['/appearance.js', SCRIPT],
      ['/requests', DOCUMENT],
    ] as const) {
      const { headers, body } = await get(path, { ...READER, 'accept-encoding': encoding });
      expect(headers['content-encoding']).toBe(encoding);
      expect(String(headers['vary'])).toContain('accept-encoding');
      expect(body.length).toBeLessThan(text.length);
      expect(String(unpacked(body))).toBe(text);
    }
  });

  test('comes by brotli to whoever takes both, and as it is when it was not compressed', async () => {
    const both = { accept: '*/*', 'accept-encoding': 'gzip, deflate, br' };
    expect((await get('/assets/index-abc.js', both)).headers['content-encoding']).toBe('br');
    const font = await get('/assets/inter-abc.woff2', both);
    expect([font.headers['content-encoding'], String(font.body)]).toEqual([undefined, 'a font']);
    expect(font.headers['content-type']).toBe('font/woff2');
  });

  test('that lies beside the document is asked for again each time', async () => {
    const { status, headers } = await get('/appearance.js', { accept: '*/*' });
    expect([status, headers['cache-control']]).toEqual([200, 'no-cache']);
  });
});

describe('a problem document is the answer', () => {
  test.each([
    ['/v1/nothing', READER],
    ['/docs/nothing', READER],
    ['/assets', READER],
    ['/assets/', READER],
    ['/assets/index-old.js', READER],
    ['/healthz/nothing', READER],
    ['/device/nothing', READER],
    ['/requests', { accept: 'application/json' }],
    ['/requests', {}],
    ['/.build', { accept: '*/*' }],
    ['/appearance.js.br', { accept: '*/*' }],
  ])('to GET %s with %o', async (path, headers) => {
    const sent = await get(path, headers);
    expect(problemOf(sent)).toMatchObject({ code: 'route.unknown', status: 404 });
    expect(sent.headers['cache-control']).toBe('no-store');
  });

  test.each([
    '/assets/../secret.txt',
    '/assets/..%2fsecret.txt',
    '/assets/%2e%2e/secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/assets//../../secret.txt',
    '/assets/%00',
    '/assets/....//secret.txt',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/assets/%252e%252e%252fsecret.txt',
  ])('to a way out of the folder: %s', async (path) => {
    const sent = await get(path, { accept: '*/*' });
    expect(problemOf(sent)).toMatchObject({ code: 'route.unknown' });
    expect(String(sent.body)).not.toContain('not of the console');
  });

  test('to what is sent to a page', async () => {
    expect(problemOf(await get('/requests', READER, 'POST'))).toMatchObject({ code: 'route.unknown' });
  });
});

describe('a gateway without a console', () => {
  let bare: TestGateway;
  beforeAll(async () => {
    bare = await startGateway({ config: { console: false } });
  });
  afterAll(() => bare.close());

  test('leads to its API, and has no pages', async () => {
    const root = await fetch(`${bare.app.url}/`, { redirect: 'manual', headers: READER });
    expect([root.status, root.headers.get('location')]).toEqual([302, '/docs/']);
    for (const path of ['/requests', '/assets/index-abc.js']) {
      const response = await fetch(`${bare.app.url}${path}`, { headers: READER });
      expect(checkProblem(await response.json(), response.status).code).toBe('route.unknown');
    }
  });
});

test('a gateway that is to serve a console which is not built does not start, and says what to do', async () => {
  const started = startGateway({ config: { console: folder } });
  await expect(started).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining('/console'),
  });
});
