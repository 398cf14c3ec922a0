import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type GrantClaims,
  GuichetError,
  PROTOCOL_PATH,
  TUNNEL_CLOSE,
  type TunnelEvent,
  type TunnelFromProvider,
  TunnelToProvider,
  toProblem,
} from '@guichet/contract';
import { acceptUpgrade, type SocketStream } from '@guichet/tunnel';
import type { Core } from './core.ts';
import { checkGrant } from './grant-check.ts';
import { inTraceOf } from './handler-span.ts';
import { sendProblem } from './http-answer.ts';
import type { KeySource } from './key-source.ts';
import { verifyGrant } from './verify-grant.ts';

const ROUTE = new RegExp(`^${PROTOCOL_PATH}/actions/([a-z][a-z0-9.-]{0,119})/tunnel$`);
/** After so long a silent connection is asked, by TCP, whether it still is one. */
const KEEP_ALIVE_MS = 15_000;

export interface TunnelServiceOptions {
  readonly core: Core;
  readonly keys: KeySource;
  /** The first message must have arrived after so many milliseconds. */
  readonly bodyTimeoutMs: number;
  readonly draining: () => boolean;
}

/** Answers one call that asks to become a WebSocket. Resolves when it is over; never rejects. */
export async function serveTunnel(
  request: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Buffer },
  options: TunnelServiceOptions,
): Promise<void> {
  const { core } = options;
  socket.on('error', () => {}); // 'close' follows
  try {
    const grant = await admitUpgrade(request, options);
    const stream = await acceptUpgrade({ request, socket, head });
    if (stream === undefined) return;
    if ('setKeepAlive' in socket && typeof socket.setKeepAlive === 'function') socket.setKeepAlive(true, KEEP_ALIVE_MS);
    await inTraceOf(request.headers, () => converse(stream, grant, options));
  } catch (error) {
    if (!(error instanceof GuichetError)) core.logger.error({ err: error }, 'The server failed while it opened a tunnel');
    refuse(request, socket, asGuichetError(error));
  }
}

/** Steps 1 to 8: who may not call gets no WebSocket. */
async function admitUpgrade(request: IncomingMessage, { core, keys, draining }: TunnelServiceOptions): Promise<GrantClaims> {
  const { url = '/', method } = request;
  const action = ROUTE.exec(url.split('?', 1)[0] ?? '/')?.[1];
  if (action === undefined || method !== 'GET')
    throw new GuichetError('route.unknown', `There is no WebSocket at ${method} ${url.split('?', 1)[0]}.`, {
      remedy: `GET ${PROTOCOL_PATH}/actions/NAME/tunnel is one.`,
    });
  if (draining()) throw new GuichetError('action.unavailable', 'The provider is stopping.', { remedy: 'Try again in a moment.' });
  const grant = await verifyGrant(request.headers.authorization, keys);
  checkGrant(grant, { provider: core.provider.name, phase: 'tunnel', action });
  return grant;
}

async function converse(stream: SocketStream, grant: GrantClaims, options: TunnelServiceOptions): Promise<void> {
  const { core } = options;
  const tell = (message: TunnelFromProvider): void => stream.tell(message);
  const records = new Records(tell);
  const first = Promise.withResolvers<TunnelToProvider>();
  stream.listen((message) => {
    const heard = TunnelToProvider.parse(message);
    if (heard.type === 'call') first.resolve(heard);
    else records.settle(heard);
  });
  const timer = setTimeout(() => first.reject(tooSlow()), options.bodyTimeoutMs);
  const abort = new AbortController();
  const restart = (): void => stream.finish(TUNNEL_CLOSE.restart, 'The provider is stopping.');
  core.tunnelsStopped.addEventListener('abort', restart, { once: true });
  stream.once('close', () => {
    core.tunnelsStopped.removeEventListener('abort', restart);
    first.reject(new DOMException('The connection was closed', 'AbortError'));
    abort.abort(new DOMException('The connection was closed', 'AbortError'));
    records.close();
  });
  try {
    const heard = await first.promise.finally(() => clearTimeout(timer));
    if (heard.type !== 'call') return;
    const accept = async (): Promise<Duplex> => {
      tell({ type: 'opened' });
      return stream;
    };
    await core.tunnel({
      body: heard.body,
      grant,
      signal: abort.signal,
      accept,
      record: (event) => records.record(event),
    });
    stream.end();
  } catch (error) {
    if (stream.destroyed) return;
    if (!(error instanceof GuichetError)) core.logger.error({ err: error }, 'A tunnel failed');
    tell({ type: 'failed', problem: toProblem(asGuichetError(error)) });
    stream.finish(TUNNEL_CLOSE.failed);
  }
}

/** Events that wait for the gateway to have written them down. */
class Records {
  readonly #tell: (message: TunnelFromProvider) => void;
  readonly #waiting = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #last = 0;
  #closed = false;

  constructor(tell: (message: TunnelFromProvider) => void) {
    this.#tell = tell;
  }

  record(event: TunnelEvent): Promise<void> {
    if (this.#closed) return Promise.reject(gone());
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#tell({ type: 'record', id, event });
    });
  }

  settle(heard: Exclude<TunnelToProvider, { type: 'call' }>): void {
    const waiting = this.#waiting.get(heard.id);
    this.#waiting.delete(heard.id);
    if (heard.type === 'recorded') waiting?.resolve();
    else waiting?.reject(new GuichetError('provider.failed', heard.message));
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(gone());
    this.#waiting.clear();
  }
}

const gone = (): Error => new DOMException('The connection to the gateway was closed: nothing is recorded', 'AbortError');

const tooSlow = (): GuichetError =>
  new GuichetError('body.malformed', 'The call had not arrived in time.', { remedy: 'Send it as the first message.' });

function asGuichetError(error: unknown): GuichetError {
  if (error instanceof GuichetError) return error;
  return new GuichetError('internal', 'The provider failed while it answered.', { remedy: 'Its log has the cause.' });
}

function refuse(request: IncomingMessage, socket: Duplex, error: GuichetError): void {
  if (socket.destroyed || !socket.writable) return;
  const response = new ServerResponse(request);
  // Of an HTTP server, the sockets are those of the network.
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
  response.once('finish', () => socket.end());
  sendProblem(response, error, { connection: 'close' });
}
