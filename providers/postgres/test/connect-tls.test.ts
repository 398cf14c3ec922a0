import { execFile, spawnSync } from 'node:child_process';
import { chown, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startPostgres } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { expect, test } from 'vitest';
import { createPostgresProvider } from '../src/index.ts';
import { openServerSession } from '../src/wire/server-session.ts';
import { instanceAt, prepare } from './lab.ts';
import { connectTo, silent } from './lease-lab.ts';

// Certificates are made by a program that not every machine has.
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!hasOpenssl)(
  'speaks to the server over TLS where the configuration says so, and to none that is not trusted',
  async () => {
    const place = await temporaryDataDir();
    const dataDir = await temporaryDataDir();
    const [certFile, keyFile] = [join(place, 'server.crt'), join(place, 'server.key')];
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile],
    ]);
    const { uid, gid } = await stat(dataDir);
    for (const file of [certFile, keyFile]) await chown(file, uid, gid);
    const server = await startPostgres({ dataDir, settings: { ssl: 'on', ssl_cert_file: certFile, ssl_key_file: keyFile } });
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    await prepare(admin, 18);
    await admin.end();
    const instance = { ...instanceAt(server.port, 18), tls: { caFile: certFile } };
    const provider = createPostgresProvider({ instances: [instance] }, {}, { logger: silent });
    try {
      await using lease = await connectTo(provider, { request: 'REQ-1' });
      const client = await lease.open();
      const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
      expect(rows).toEqual([{ ssl: true }]);
      await expect(
        openServerSession(
          { host: '127.0.0.1', port: server.port, tls: true },
          { parameters: new Map([['user', 'orders']]), password: '', signal: new AbortController().signal },
        ),
      ).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
      await client.end();
      expect((await lease.requests.run('leases.revoke', lease.undoInput)).failure).toBeUndefined();
    } finally {
      await provider.close();
      await server.stop({ mode: 'immediate' });
      await Promise.all([place, dataDir].map((folder) => rm(folder, { recursive: true, force: true })));
    }
  },
);
