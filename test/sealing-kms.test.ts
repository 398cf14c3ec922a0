import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { COMPANY, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { type Moto, skipsMoto, startMoto } from './support/moto.ts';
import { Vault, vaultProvider } from './support/vault-provider.ts';

const MAIN = new URL('../gateway/src/main.ts', import.meta.url).pathname;
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

/** KMS, with somebody in between who counts what is asked and can be away. */
interface Between {
  readonly url: string;
  readonly asked: string[];
  away: boolean;
  close(): Promise<void>;
}

async function standBetween(target: string): Promise<Between> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      between.asked.push(String(request.headers['x-amz-target']).replace('TrentService.', ''));
      if (between.away) return void request.socket.destroy();
      const headers = Object.entries(request.headers).flatMap(([name, value]) =>
        /^(authorization|content-type|x-amz-.*)$/.test(name) ? [[name, String(value)]] : [],
      );
      const answer = await fetch(target, { method: 'POST', headers: Object.fromEntries(headers), body: Buffer.concat(chunks) });
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  const between: Between = {
    url: `http://127.0.0.1:${port}`,
    asked: [],
    away: false,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return between;
}

async function createKey(url: string): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.CreateKey',
      authorization: 'AWS4-HMAC-SHA256 Credential=test/20261121/eu-west-3/kms/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: '{}',
  });
  return ((await answer.json()) as { KeyMetadata: { Arn: string } }).KeyMetadata.Arn; // what CreateKey answers
}

describe.skipIf(skipsMoto('sealing with a key of AWS KMS'))('sealing with a key of AWS KMS', () => {
  let moto: Moto;
  let kms: Between;
  let keyId: string;
  let database: TestDatabase;
  let gateway: TestGateway;
  let folder: string;
  const vault = new Vault();
  const mounted = [{ name: 'vault', endpoint: vaultProvider(vault).endpoint({ logger: SILENT }) }];
  const sealing = () => ({ kms: { keyId, region: 'eu-west-3', endpoint: kms.url } });
  beforeAll(async () => {
    Object.assign(process.env, CREDENTIALS); // where the AWS library looks
    folder = await mkdtemp(join(tmpdir(), 'guichet-kms-'));
    moto = await startMoto();
    kms = await standBetween(moto.url);
    keyId = await createKey(moto.url);
    database = await testDatabase();
    gateway = await startGateway({ databaseUrl: database.url, mounted, config: { sealing: sealing() } });
  }, 120_000);
  afterAll(async () => {
    await gateway.close();
    await database.drop();
    await kms.close();
    await moto.stop();
    await rm(folder, { recursive: true });
  });
  let password: string;
  beforeEach(() => {
    vault.forget();
    password = randomBytes(12).toString('hex');
    kms.asked.length = 0;
  });

  const put = (action = 'vault.put') => gateway.submit('nadia', { action, input: { name: 'db', password }, reason: 'It is old' });
  const approve = (id: string) => gateway.call('amine', 'POST', `/v1/requests/${id}/approve`, { body: {} });
  const sealedOf = async (id: string) =>
    (
      await sql<{ sealed: { for: string; key: string } | null }>(database.url, 'select sealed from requests where number = $1', [
        id.slice(4),
      ])
    )[0]?.sealed;

  test('a secret is sealed, opened for the provider and erased, with one question each way', async () => {
    const { body: filed } = await put('vault.replace');
    expect(await sealedOf(filed.id)).toMatchObject({ key: `kms:${keyId}` });
    expect(kms.asked).toEqual(['Encrypt']);
    await approve(filed.id);
    await gateway.until(filed.id, 'succeeded');
    expect(vault.received.at(-1)).toMatchObject({ phase: 'run', input: { password } });
    expect(kms.asked).toEqual(['Encrypt', 'Decrypt']);
    expect(await sealedOf(filed.id)).toBeNull();
  });

  test('KMS itself refuses what was moved to another request, also when its name was changed with it', async () => {
    const { body: mine } = await put('vault.replace');
    password += '!';
    const { body: other } = await put('vault.replace');
    const context = (await sealedOf(mine.id))?.for ?? '';
    await sql(
      database.url,
      `update requests set sealed = (jsonb_set((select sealed::jsonb from requests where number = $1), '{for}', to_jsonb($2::text)))::json where number = $3`,
      [other.id.slice(4), context, mine.id.slice(4)],
    );
    kms.asked.length = 0;
    await approve(mine.id);
    const ended = await gateway.until(mine.id, 'void');
    expect(ended.failure).toMatchObject({
      code: 'sealing.broken',
      message: expect.stringContaining('InvalidCiphertextException'),
    });
    expect(kms.asked).toContain('Decrypt');
  });

  test('while KMS is away a request with secrets is refused and nothing is filed, and one that is filed waits', async () => {
    const { body: filed } = await put('vault.replace');
    kms.away = true;
    const { status, body } = await put();
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'sealing.unavailable', retryable: true });
    vault.received.length = 0;
    await approve(filed.id);
    await expect.poll(() => kms.asked.filter((what) => what === 'Decrypt').length, { timeout: 20_000 }).toBeGreaterThan(1);
    kms.away = false;
    await gateway.until(filed.id, 'succeeded');
    expect(vault.received.map(({ phase }) => phase)).toEqual(['plan', 'run']);
  });

  test('what a file has sealed is sealed anew by KMS, and the file is needed no more', async () => {
    const fresh = await testDatabase();
    const keyFile = join(folder, 'old.key');
    await writeFile(keyFile, randomBytes(32).toString('base64'));
    const before = await startGateway({ databaseUrl: fresh.url, mounted, config: { sealing: { keyFile } } });
    const { body: filed } = await before.submit('nadia', {
      action: 'vault.replace',
      input: { name: 'db', password },
      reason: 'It is old',
    });
    await before.close();
    const config = join(folder, 'guichet.yaml');
    const both = { ...sealing(), formerly: [{ keyFile }] };
    await writeFile(config, JSON.stringify({ company: COMPANY, database: { url: fresh.url }, sealing: both }));
    const rewrapped = await promisify(execFile)(process.execPath, [MAIN, '--config', config, 'rewrap']);
    expect(rewrapped.stdout).toBe(`Sealed anew with kms:${keyId}: 4. Nothing is sealed with another key.\n`);
    const after = await startGateway({ databaseUrl: fresh.url, mounted, config: { sealing: sealing() } });
    await after.call('amine', 'POST', `/v1/requests/${filed.id}/approve`, { body: {} });
    await after.until(filed.id, 'succeeded');
    expect(vault.received.at(-1)).toMatchObject({ phase: 'run', input: { password } });
    await after.close();
    await fresh.drop();
  });

  test('a gateway with another key of KMS does not start', async () => {
    const other = { kms: { keyId: await createKey(moto.url), region: 'eu-west-3', endpoint: kms.url } };
    await expect(startGateway({ databaseUrl: database.url, mounted, config: { sealing: other } })).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining(`The database is sealed with the key kms:${keyId}`),
    });
  });
});
