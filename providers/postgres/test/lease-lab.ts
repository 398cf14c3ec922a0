import { createServer, type Server } from 'node:net';
import type { TunnelEvent } from '@guichet/contract';
import { type Harness, type HarnessTunnel, harness } from '@guichet/sdk/testing';
import pg from 'pg';
import { createPostgresProvider, type PostgresConfigInput, type PostgresProvider } from '../src/index.ts';
import type { LeaseTimes } from '../src/lease/lease.ts';
import type { Lab } from './lab.ts';

export const silent = { info() {}, warn() {}, error() {} };

export interface LeaseGiven {
  readonly input: { readonly instance: string; readonly database: string; readonly role?: 'read' | 'write' };
  readonly runId: string;
  readonly seen: unknown;
  readonly undoInput: Record<string, unknown>;
}

/** A request for a lease, with what a command line does for it. */
export interface Connected extends LeaseGiven, AsyncDisposable {
  readonly requests: Harness;
  readonly role: string;
  /** Of the local address, as a client is told it. */
  readonly url: string;
  readonly port: number;
  /** Of all tunnels, in order. */
  readonly events: TunnelEvent[];
  /** Opens a hold, as a command line does; ended by `destroy()` on its client. */
  hold(): Promise<HarnessTunnel>;
  open(config?: pg.ClientConfig): Promise<pg.Client>;
}

export interface ConnectChoices {
  readonly request: string;
  readonly database?: string;
  readonly role?: 'read' | 'write';
  readonly instance?: string;
  /** Of a run that was made elsewhere; this one finds it made. */
  readonly runId?: string;
  /** Of each statement, before it is let through. */
  readonly record?: (event: TunnelEvent) => Promise<void> | void;
}

/** Files the request, runs it, and listens on a port whose connections go through tunnels. */
export async function connectTo(provider: PostgresProvider, choices: ConnectChoices): Promise<Connected> {
  const { request, database = 'postgres', role: rights = 'read', instance = 'pg1', record, runId } = choices;
  const requests = harness(provider, { request });
  const input = { instance, database, role: rights };
  const run = await requests.run('connect', input, { ...(runId !== undefined && { runId }) });
  if (run.failure !== undefined || run.undoInput === undefined)
    throw new Error(run.failure?.message ?? 'there is nothing to undo');
  const given: LeaseGiven = { input, runId: run.runId, seen: run.plan.seen, undoInput: run.undoInput };
  const events: TunnelEvent[] = [];
  const tunnel = (hold: boolean, signal?: AbortSignal) =>
    requests.tunnel('connect', input, {
      runId: given.runId,
      seen: given.seen,
      ...(run.output !== undefined && { output: run.output }),
      hold,
      ...(signal !== undefined && { signal }),
      record: async (event) => {
        await record?.(event);
        events.push(event);
      },
    });
  const server = await listening((signal) => tunnel(false, signal));
  const clients: pg.Client[] = [];
  const port = portOf(server);
  return {
    ...given,
    requests,
    role: String(run.undoInput['lease']),
    port,
    url: `postgres://anybody@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    events,
    hold: () => tunnel(true),
    async open(config = {}) {
      const client = new pg.Client({ host: '127.0.0.1', port, user: 'anybody', database, ...config });
      client.on('error', () => {});
      clients.push(client);
      await client.connect();
      return client;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.end().catch(() => {})));
      await new Promise((done) => server.close(done));
    },
  };
}

async function listening(tunnel: (signal: AbortSignal) => Promise<HarnessTunnel>): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => {});
    // As a gateway does when the command line has gone.
    const gone = new AbortController();
    socket.once('close', () => gone.abort());
    tunnel(gone.signal).then(
      ({ client, over }) => {
        client.on('error', () => {});
        over.catch(() => {});
        socket.pipe(client).pipe(socket);
        client.once('close', () => socket.destroySoon());
      },
      () => socket.destroy(),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

/** Times that a test can wait for. */
export const QUICK: LeaseTimes = { renew: 0.2, valid: 0.8, grace: 0.2, unopened: 60 };

/** One more provider on the server of a lab. */
export function providerOn(
  lab: Lab,
  { connect, times }: { connect?: PostgresConfigInput['connect']; times?: LeaseTimes } = {},
): PostgresProvider {
  const config: PostgresConfigInput = { instances: [lab.instance], ...(connect !== undefined && { connect }) };
  return createPostgresProvider(config, {}, { logger: silent, ...(times !== undefined && { times }) });
}
