import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isFinal, type Problem, type Request, type RequestState } from '@guichet/contract';
import { startIdentityProvider } from '@guichet/demo';
import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import { gatewayKeys, type KeySource, type ProviderLogger, serve } from '@guichet/sdk';
import { expect } from 'vitest';
import { sql } from './beside.ts';
import { type Canaries, everyRow, type Place } from './canaries.ts';
import { type Collector, startCollector } from './collector.ts';
import { type EvilProvider, MANIFEST, startEvilProvider } from './evil-provider.ts';
import { COMPANY } from './gateway.ts';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { type Vault, vaultProvider } from './vault-provider.ts';

const MAIN = new URL('../../gateway/src/main.ts', import.meta.url).pathname;
/** The evil provider has secret fields too. */
const SECRETIVE = {
  ...MANIFEST,
  actions: MANIFEST.actions.map((action) => ({
    ...action,
    input: { type: 'object', properties: { x: { type: 'string', writeOnly: true } } },
    options: [],
  })),
};

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface CallOptions {
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** The body of a submission. */
export const submission = (action: string, input: unknown, more: Record<string, unknown> = {}) => ({
  body: { action, environment: 'staging', input, reason: 'It is old', ...more },
});

/** A gateway and all that is around it, each with secrets of its own; what they say is kept, to be looked through. */
export class LeakyEstate {
  readonly canaries: Canaries;
  readonly vault: Vault;
  readonly evil: EvilProvider;
  readonly gateway: GatewayProcess;
  /** As the administrator of the server, and as the gateway. */
  readonly database: TestDatabase;
  readonly databaseUrl: string;
  /** What a person types at the identity provider. */
  readonly password: string;
  readonly approverToken: string;
  readonly #token: string;
  readonly #answers: Place[] = [];
  readonly #overheard: readonly Place[];
  readonly #collector: Collector;
  readonly #closers: readonly (() => Promise<unknown>)[];

  private constructor(
    options: Pick<
      LeakyEstate,
      'canaries' | 'vault' | 'evil' | 'gateway' | 'database' | 'databaseUrl' | 'password' | 'approverToken'
    > & { token: string; overheard: readonly Place[]; collector: Collector; closers: readonly (() => Promise<unknown>)[] },
  ) {
    ({
      canaries: this.canaries,
      vault: this.vault,
      evil: this.evil,
      gateway: this.gateway,
      database: this.database,
      databaseUrl: this.databaseUrl,
      password: this.password,
      approverToken: this.approverToken,
      token: this.#token,
      overheard: this.#overheard,
      collector: this.#collector,
      closers: this.#closers,
    } = options);
  }

  static async start(canaries: Canaries, vault: Vault): Promise<LeakyEstate> {
    const env = {
      GUICHET_TEST_SEALING: canaries.add('the key that seals', randomBytes(32).toString('base64')),
      GUICHET_TEST_WEBHOOK: canaries.hatch('the secret of the webhook'),
      GUICHET_TEST_CLIENT: canaries.hatch('the secret of the OpenID client'),
    };
    const password = canaries.hatch('the password of a person at the identity provider');
    const overheard: Place[] = [];
    const folder = await mkdtemp(join(tmpdir(), 'guichet-canary-'));
    const database = await testDatabase();
    const databaseUrl = await loginOf(database, canaries.hatch('the password of the database'));
    const evil = await startEvilProvider();
    evil.manifest = SECRETIVE;
    // The provider is there before the gateway whose keys it trusts.
    const keys: KeySource = { find: (kid) => gatewayKeys(gateway.url).find(kid) };
    const provider = await serve(vaultProvider(vault), { port: 0, keys, logger: keepingLogger(overheard) });
    const receiver = await startReceiver(overheard);
    const collector = await startCollector();
    const identity = await startIdentityProvider({
      clients: [
        { clientId: 'guichet', clientSecret: env.GUICHET_TEST_CLIENT, redirectUris: ['http://127.0.0.1/v1/auth/callback'] },
      ],
      people: [{ name: 'nadia', fullName: 'Nadia Benali', email: 'nadia@example.com', groups: [], password }],
    });
    const config = {
      listen: { port: 0 },
      database: { url: databaseUrl },
      company: COMPANY,
      logLevel: 'trace',
      sealing: { keyFromEnv: 'GUICHET_TEST_SEALING' },
      providers: [
        { name: 'evil', url: evil.url },
        { name: 'vault', url: provider.url },
      ],
      webhooks: [{ name: 'chat', url: receiver.url, secretFromEnv: 'GUICHET_TEST_WEBHOOK' }],
      identity: { oidc: { issuer: identity.issuer, clientId: 'guichet', clientSecretFromEnv: 'GUICHET_TEST_CLIENT' } },
      worker: { tickMs: 200, leaseSeconds: 2 },
    };
    const file = join(folder, 'guichet.yaml');
    await writeFile(file, JSON.stringify(config));
    const tracing = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '100' };
    const gateway = await startGatewayProcess(folder, config, { ...env, ...tracing });
    const issue = async (what: string, who: string): Promise<string> => {
      const args = [MAIN, '--config', file, 'issue-token', who];
      const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
      return canaries.add(what, stdout.trim());
    };
    const closers = [
      async () => {
        gateway.kill('SIGKILL');
        await gateway.exited;
      },
      () => provider.close(),
      () => evil.close(),
      () => identity.close(),
      receiver.close,
      collector.close,
      () => database.drop(),
      () => rm(folder, { recursive: true, force: true }),
    ];
    const token = await issue('a token', 'user:nadia');
    const approverToken = await issue('the token of an approver', 'user:amine');
    const about = { canaries, vault, evil, gateway, database, databaseUrl, password, approverToken };
    return new LeakyEstate({ ...about, token, overheard, collector, closers });
  }

  /** A call; what it answers is looked through later. */
  async send(method: string, path: string, { headers = {}, body }: CallOptions = {}): Promise<Answer> {
    const response = await fetch(`${this.gateway.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    this.keep(`the answer to ${method} ${path.slice(0, 60)}`, JSON.stringify([...response.headers]) + text);
    return { status: response.status, text };
  }

  /** Something that was seen, to be looked through. */
  keep(where: string, text: string): void {
    this.#answers.push({ where, text });
  }

  /** The last answer is the one place where its secret is shown. */
  forgetLast(): void {
    this.#answers.pop();
  }

  /** A request with the secret in all of its secret fields; its id. */
  async put(secret: string, action = 'vault.put'): Promise<string> {
    const input = { name: 'db', password: secret, more: [{ user: 'u', token: secret }], settings: { [secret]: secret } };
    const { text } = await this.send('POST', '/v1/requests', submission(action, input));
    return (JSON.parse(text) as Request & Problem).id; // what the route answers
  }

  async until(id: string, ...states: RequestState[]): Promise<void> {
    const look = async (): Promise<RequestState> =>
      (JSON.parse((await this.send('GET', `/v1/requests/${id}`)).text) as Request).state; // what the route answers
    let state = await look();
    for (; !states.includes(state); state = await look()) {
      if (isFinal(state)) throw new Error(`${id} is ${state}, not ${states.join(' or ')}`);
      await new Promise((resolve) => setTimeout(resolve, 30)); // bounded by the time limit of the test
    }
    // The stream of one that has not ended does not end either.
    if (isFinal(state)) await this.send('GET', `/v1/requests/${id}/events?after=0`);
  }

  /** So many deliveries and lines of providers' logs at least. */
  /** How many spans were collected so far. */
  get spans(): number {
    return this.#collector.spans.length;
  }

  get overheard(): number {
    return this.#overheard.length;
  }

  /** Everything that is left behind so far. */
  async everything(): Promise<Place[]> {
    const paths = ['/metrics', '/openapi.json', '/v1/keys', '/v1/audit?limit=200', '/v1/requests?limit=200', '/v1/actions'];
    for (const path of paths) expect((await this.send('GET', path)).status, path).toBe(200);
    const log = { where: 'the log', text: this.gateway.logged() };
    const traces = { where: 'the traces', text: this.#collector.bodies.join('\n') };
    return [log, traces, ...(await everyRow(this.databaseUrl)), ...this.#answers, ...this.#overheard];
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
  }
}

/** The address of the database for a login of its own, whose password is a secret. */
async function loginOf(database: TestDatabase, password: string): Promise<string> {
  const login = new URL(database.url);
  login.username = `canary_${randomBytes(6).toString('hex')}`;
  login.password = password;
  await sql(database.url, `create role ${login.username} superuser login password '${password}'`);
  return login.href;
}

function keepingLogger(overheard: Place[]): ProviderLogger {
  const keep = (fields: Record<string, unknown>, message: string): void => {
    const error = fields['err'];
    const text = error instanceof Error ? `${error.stack} ${String(error.cause)}` : String(error);
    overheard.push({ where: 'the log of a provider', text: `${message} ${JSON.stringify(fields)} ${text}` });
  };
  return { info: keep, warn: keep, error: keep };
}

async function startReceiver(overheard: Place[]): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      overheard.push({ where: 'a webhook', text: JSON.stringify(request.headers) + Buffer.concat(chunks).toString() });
      response.writeHead(204).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}/`, close };
}
