import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type GrantClaims, GuichetError, type LedgerCall, PHASES, PROTOCOL_PATH, type ProviderCall } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { type Core, type CoreOptions, createCore } from './core.ts';
import { checkGrant } from './grant-check.ts';
import { inTraceOf } from './handler-span.ts';
import { sendJson, sendProblem, sendRun } from './http-answer.ts';
import { ClientGoneError, readCallBody } from './http-body.ts';
import type { KeySource } from './key-source.ts';
import type { Provider } from './provider.ts';
import { serveTunnel } from './serve-tunnel.ts';
import { verifyGrant } from './verify-grant.ts';

export interface ServeOptions extends CoreOptions {
  /** 0 for any free port. */
  readonly port: number;
  /** Address to listen on; `127.0.0.1` when absent, so that being reachable from elsewhere is a decision. */
  readonly host?: string;
  /** Keys that grants are verified with. */
  readonly keys: KeySource;
  /** A body must have arrived after so many seconds; 10 when absent. */
  readonly bodyTimeoutSeconds?: number;
  /** `close` waits so long for calls that are running before it aborts them; 30 seconds when absent. */
  readonly drainSeconds?: number;
}

export interface ProviderServer {
  readonly url: string;
  /** Takes no new calls, lets running ones end (within `drainSeconds`), then frees the port. May be called twice. */
  close(): Promise<void>;
}

/** Time that handlers get to say their last word once they were told to stop, in milliseconds. */
const LAST_WORD = 2_000;
const ROUTE = new RegExp(`^${PROTOCOL_PATH}/actions/([a-z][a-z0-9.-]{0,119})/(${PHASES.join('|')})$`);

/** Serves a provider over HTTP: docs/spec/provider-protocol.md. Rejects when the port cannot be had. */
export async function serve(provider: Provider, options: ServeOptions): Promise<ProviderServer> {
  const { port, host = '127.0.0.1', bodyTimeoutSeconds = 10, drainSeconds = 30 } = options;
  const core = createCore(provider, options);
  await core.manifest(); // a key that cannot be used is told now
  const service = new Service(core, { keys: options.keys, bodyTimeoutMs: bodyTimeoutSeconds * 1000 });
  const server = createServer(
    // The header limits are those of Node; the whole-request limit is a backstop behind the body's own timer.
    { headersTimeout: 10_000, requestTimeout: 15_000 + bodyTimeoutSeconds * 1000, connectionsCheckingInterval: 2_000 },
    (request, response) => void service.answer(request, response),
  );
  server.on('upgrade', (request, socket, head) => service.tunnel(request, { socket, head }));
  server.listen(port, host);
  await once(server, 'listening');
  let closing: Promise<void> | undefined;

  async function shut(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    await service.drain(drainSeconds * 1000);
    server.closeAllConnections();
    await closed;
  }

  // A server on a TCP port has an address of this shape; null and strings are for servers that do not listen, and pipes.
  const { address, port: bound, family } = server.address() as AddressInfo;
  const shown = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '[::1]' : family === 'IPv6' ? `[${address}]` : address;
  return {
    url: `http://${shown}:${bound}`,
    close: () => {
      closing ??= shut();
      return closing;
    },
  };
}

interface ServiceOptions {
  readonly keys: KeySource;
  readonly bodyTimeoutMs: number;
}

/** The routes, and what is needed to stop them in good order. */
class Service {
  readonly #core: Core;
  readonly #options: ServiceOptions;
  readonly #calls = new Map<Promise<void>, AbortController>();
  #draining = false;

  constructor(core: Core, options: ServiceOptions) {
    this.#core = core;
    this.#options = options;
  }

  /** Answers one request. Never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const abort = new AbortController();
    const call = this.#route(request, response, abort.signal).catch((error: unknown) => this.#sendError(response, error));
    this.#calls.set(call, abort);
    response.once('close', () => {
      if (!response.writableFinished) abort.abort(new DOMException('The connection was closed', 'AbortError'));
    });
    await call;
    this.#calls.delete(call);
  }

  /** Carries one tunnel. */
  tunnel(request: IncomingMessage, upgraded: { socket: Duplex; head: Buffer }): void {
    const options = { core: this.#core, ...this.#options, draining: () => this.#draining };
    const abort = new AbortController();
    abort.signal.addEventListener('abort', () => upgraded.socket.destroy());
    const call = serveTunnel(request, upgraded, options).finally(() => this.#calls.delete(call));
    this.#calls.set(call, abort);
  }

  /** Resolves when no call is left; aborts those that are after the time. */
  async drain(timeoutMs: number): Promise<void> {
    this.#draining = true;
    this.#core.stopTunnels();
    const left = () => Promise.allSettled(this.#calls.keys());
    await within(left(), timeoutMs);
    this.#core.stopRuns();
    await within(left(), LAST_WORD);
    for (const abort of this.#calls.values()) abort.abort(new DOMException('The provider is stopping', 'AbortError'));
    await within(left(), LAST_WORD);
  }

  async #route(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const path = url.split('?', 1)[0] ?? '/';
    const reads = method === 'GET' || method === 'HEAD';
    if (this.#draining) response.setHeader('connection', 'close');
    if (path === '/healthz' && reads) return this.#sendHealth(response);
    if (path === `${PROTOCOL_PATH}/manifest` && reads) return this.#sendManifest(request, response);
    if (path === `${PROTOCOL_PATH}/ledger` && method === 'GET') return this.#ledger(request, response, signal);
    const [, action, phase] = ROUTE.exec(path) ?? [];
    if (action !== undefined && phase !== undefined && method === 'POST') {
      // The pattern admits nothing but phases there.
      return this.#call(request, response, { action, phase: phase as (typeof PHASES)[number], signal });
    }
    throw new GuichetError('route.unknown', `There is no ${method} ${path}.`, {
      remedy: `GET ${PROTOCOL_PATH}/manifest, or POST ${PROTOCOL_PATH}/actions/NAME/PHASE (${PHASES.join(', ')}).`,
    });
  }

  #sendHealth(response: ServerResponse): void {
    const { provider, version } = this.#core.provider.manifest;
    const status = this.#draining ? 'stopping' : 'ok';
    sendJson(response, { status: this.#draining ? 503 : 200, body: { status, provider, version } });
  }

  async #sendManifest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const manifest = await this.#core.manifest();
    const etag = `"${digestOf(manifest)}"`;
    const headers = { etag, 'cache-control': 'no-cache' };
    const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    if (known.includes(etag) || known.includes('*')) response.writeHead(304, headers).end();
    else sendJson(response, { headers, body: manifest });
  }

  async #ledger(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const grant = await verifyGrant(request.headers.authorization, this.#options.keys);
    const parameters = new URL(request.url ?? '/', 'http://provider').searchParams;
    // Whatever it is, the core looks at it; two parameters of one name are one, and the digest fits no more.
    const query = Object.fromEntries(parameters) as LedgerCall['query'];
    sendJson(response, { body: await this.#core.ledger({ grant, query, signal }) });
  }

  async #call(request: IncomingMessage, response: ServerResponse, target: CallTarget): Promise<void> {
    const { action, phase, signal } = target;
    if (this.#draining) {
      throw new GuichetError('action.unavailable', 'The provider is stopping.', { remedy: 'Try again in a moment.' });
    }
    // Who may not call does not get its body read.
    const grant = await verifyGrant(request.headers.authorization, this.#options.keys);
    checkGrant(grant, { provider: this.#core.provider.name, phase, action });
    const body = await readCallBody(request, this.#options.bodyTimeoutMs);
    await inTraceOf(request.headers, () => this.#perform(response, phase, { body, grant, signal }));
  }

  async #perform(
    response: ServerResponse,
    phase: (typeof PHASES)[number],
    call: ProviderCall & { grant: GrantClaims },
  ): Promise<void> {
    switch (phase) {
      case 'options':
        return sendJson(response, { body: { choices: await this.#core.options(call) } });
      case 'plan':
        return sendJson(response, { body: await this.#core.plan(call) });
      case 'observe':
        return sendJson(response, { body: await this.#core.observe(call) });
      case 'cancel':
        return sendJson(response, { body: { running: await this.#core.cancel(call) } });
      case 'run': {
        const stream = await this.#core.run(call);
        const isRead = this.#core.provider.actions.get(call.grant.action)?.manifest.kind === 'read';
        return sendRun(response, stream, isRead ? await stream.next() : undefined);
      }
    }
  }

  #sendError(response: ServerResponse, error: unknown): void {
    if (error instanceof ClientGoneError || response.destroyed) return;
    if (error instanceof GuichetError && !response.headersSent) {
      if (error.cause !== undefined) this.#core.logger.warn({ err: error.cause }, error.message);
      // A client that drips its body would drip on.
      const drips = error.code === 'body.malformed' && !response.req.complete;
      sendProblem(response, error, drips ? { connection: 'close' } : {});
      return;
    }
    this.#core.logger.error({ err: error }, 'The server failed while it answered');
    if (response.headersSent) response.destroy();
    else
      sendProblem(
        response,
        new GuichetError('internal', 'The provider failed while it answered.', { remedy: 'Its log has the cause.' }),
      );
  }
}

interface CallTarget {
  readonly action: string;
  readonly phase: (typeof PHASES)[number];
  readonly signal: AbortSignal;
}

async function within(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
