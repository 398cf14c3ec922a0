import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isFinal,
  type Problem,
  type ProviderEndpoint,
  type Request,
  type RequestEvent,
  type RequestState,
} from '@guichet/contract';
import { type App, parseConfig, startApp } from '@guichet/gateway';
import { testDatabase } from '@guichet/postgres-server/testing';
import { pino } from 'pino';
import { Lab, labProvider } from './lab-provider.ts';

/** What seals the secrets of all test gateways, so that several of them can share a database. */
export const SEALING = { variable: 'GUICHET_TEST_SEALING_KEY', key: Buffer.alloc(32, 7).toString('base64') };

/** The people of the tests; teams decide who may approve what. */
export const COMPANY = new URL('./company.yaml', import.meta.url).pathname;

export type Person = 'nadia' | 'amine' | 'paula' | 'sven' | 'marta';

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

export interface TestGateway {
  readonly app: App;
  readonly lab: Lab;
  readonly databaseUrl: string;
  /** Where its configuration is, and all that it keeps outside the database. */
  readonly folder: string;
  /** A call as a person; `who` null sends no token, another string is sent as the token. */
  call<Body = Record<string, unknown>>(
    who: Person | null | { token: string },
    method: string,
    path: string,
    options?: CallOptions,
  ): Promise<Answer<Body>>;
  submit(who: Person, submission: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer<Request & Problem>>;
  /** Polls until the request is in one of the states; throws after 20 s. */
  until(id: string, ...states: RequestState[]): Promise<Request>;
  token(principal: string): Promise<string>;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface TestGatewayOptions {
  readonly databaseUrl?: string;
  readonly lab?: Lab;
  /** Instead of the lab provider mounted in the process: one that the configuration names, or these. */
  readonly mounted?:
    | 'none'
    | ProviderEndpoint
    | readonly { readonly name: string; readonly endpoint: ProviderEndpoint; readonly mounted?: boolean }[];
  readonly config?: Record<string, unknown>;
  /** Environment variables that the configuration names. */
  readonly env?: Record<string, string>;
}

/** Tests make handlers fail on purpose; GUICHET_TEST_LOG=info shows what gateway and provider say. */
export const SILENT = pino({ level: process.env['GUICHET_TEST_LOG'] ?? 'silent' });

/** A real gateway on a fresh database, with the lab provider mounted. */
export async function startGateway({
  lab = new Lab(),
  mounted = labProvider(lab).endpoint({ logger: SILENT }),
  config = {},
  env = {},
  databaseUrl,
}: TestGatewayOptions = {}): Promise<TestGateway> {
  const database = databaseUrl === undefined ? await testDatabase() : undefined;
  const url = databaseUrl ?? database?.url ?? '';
  const folder = await mkdtemp(join(tmpdir(), 'guichet-gateway-'));
  const file = {
    listen: { port: 0, announceMs: 0 },
    database: { url },
    company: COMPANY,
    sealing: { keyFromEnv: SEALING.variable },
    logLevel: 'silent',
    poolSize: 6,
    worker: { tickMs: 200, leaseSeconds: 2, graceMs: 500, drainMs: 2000 },
    ...config,
  };
  const app = await startApp(
    parseConfig(file, { path: join(folder, 'guichet.yaml'), env: { [SEALING.variable]: SEALING.key, ...env } }),
    {
      mounted: mounted === 'none' ? [] : 'manifest' in mounted ? [{ name: 'lab', endpoint: mounted }] : mounted,
      logger: SILENT,
    },
  );
  const tokens = new Map<string, Promise<string>>();
  const token = (principalId: string): Promise<string> => {
    const known = tokens.get(principalId);
    if (known !== undefined) return known;
    const made = app.tokens
      .issue({ name: 'test', principalId, expiresInDays: 366, scope: {}, createdBy: { id: 'system', name: 'test' } })
      .then(({ secret }) => secret);
    tokens.set(principalId, made);
    return made;
  };
  const call = async <Body>(
    who: Person | null | { token: string },
    method: string,
    path: string,
    { body, headers = {} }: CallOptions = {},
  ): Promise<Answer<Body>> => {
    const secret = who === null ? undefined : typeof who === 'string' ? await token(`user:${who}`) : who.token;
    const response = await fetch(`${app.url}${path}`, {
      method,
      headers: {
        ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    // What the route answers; tests say which shape they expect.
    return { status: response.status, headers: response.headers, body: (text === '' ? undefined : JSON.parse(text)) as Body };
  };
  return {
    app,
    lab,
    databaseUrl: url,
    folder,
    call,
    token,
    submit: (who, submission, headers = {}) =>
      call(who, 'POST', '/v1/requests', { body: { environment: 'staging', input: { target: 'alpha' }, ...submission }, headers }),
    until: async (id, ...states) => {
      const end = Date.now() + 20_000;
      for (;;) {
        const { body } = await call<Request>('sven', 'GET', `/v1/requests/${id}`);
        if (states.includes(body.state)) return body;
        if (Date.now() > end || isFinal(body.state))
          throw new Error(`${id} is ${body.state} (${body.failure?.message ?? ''}), not ${states.join(' or ')}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    close: async () => {
      await app.close();
      await database?.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The events of a request, read to the end of the stream or until `enough`. */
export async function readEvents(
  gateway: TestGateway,
  id: string,
  { after = 0, enough = () => false }: { after?: number; enough?: (event: RequestEvent) => boolean } = {},
): Promise<RequestEvent[]> {
  const controller = new AbortController();
  const response = await fetch(`${gateway.app.url}/v1/requests/${id}/events`, {
    headers: { authorization: `Bearer ${await gateway.token('user:nadia')}`, 'last-event-id': String(after) },
    signal: controller.signal,
  });
  const events: RequestEvent[] = [];
  let rest = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (block.includes('event: end')) return events;
      if (data === undefined) continue;
      const event = JSON.parse(data) as RequestEvent; // the stream carries RequestEvents
      events.push(event);
      if (enough(event)) {
        controller.abort();
        return events;
      }
    }
  }
  return events;
}
