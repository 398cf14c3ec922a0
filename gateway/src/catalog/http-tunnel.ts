import type { Duplex } from 'node:stream';
import {
  fromProblem,
  type GuichetError,
  PROTOCOL_PATH,
  Problem,
  TUNNEL_CLOSE,
  type TunnelCall,
  TunnelFromProvider,
  type TunnelToProvider,
} from '@guichet/contract';
import { dial, RefusedError, SocketStream } from '@guichet/tunnel';
import { traceHeaders } from '../telemetry/index.ts';

/** How long a provider may take to take a tunnel, in milliseconds. */
const OPEN_MS = 15_000;

export interface HttpTunnelOptions {
  readonly url: string;
  /** The grant of the call, signed. */
  readonly token: string;
  /** What is said of a provider that broke the protocol, that refuses, or that cannot be reached. */
  readonly protocolError: (what: string) => GuichetError;
  readonly refusal: (error: GuichetError) => GuichetError;
  readonly networkError: (error: unknown) => unknown;
  /** It is gone, perhaps only for a moment. */
  readonly gone: (isStopping: boolean) => GuichetError;
}

/** Carries one tunnel to a provider on the network: docs/spec/provider-protocol.md, section 12. */
export async function tunnelOverHttp(call: TunnelCall, options: HttpTunnelOptions): Promise<void> {
  const stream = await open(call, options);
  const opened = Promise.withResolvers<void>();
  opened.promise.catch(() => {}); // it may fail before anybody waits
  let failure: unknown;
  const hear = (message: unknown): void => {
    const heard = TunnelFromProvider.safeParse(message);
    if (!heard.success) {
      failure ??= options.protocolError('sent a message in a tunnel that is none of the protocol');
      stream.finish(TUNNEL_CLOSE.failed);
    } else if (heard.data.type === 'opened') opened.resolve();
    else if (heard.data.type === 'failed') failure ??= options.refusal(fromProblem(heard.data.problem, 'provider.failed'));
    else record(call, stream, heard.data);
  };
  stream.listen(hear);
  const abort = (): void => stream.finish(TUNNEL_CLOSE.over);
  call.signal.addEventListener('abort', abort, { once: true });
  const over = stream.over.then(({ code }) => {
    const why = failure ?? (code === TUNNEL_CLOSE.over ? undefined : options.gone(code === TUNNEL_CLOSE.restart));
    opened.reject(why ?? options.protocolError('closed a tunnel that it had not opened'));
    return why;
  });
  stream.tell({ type: 'call', body: call.body } satisfies TunnelToProvider);
  const late = setTimeout(() => {
    failure ??= options.protocolError(`did not take a tunnel within ${OPEN_MS / 1000} s`);
    stream.finish(TUNNEL_CLOSE.failed);
  }, OPEN_MS);
  try {
    await opened.promise.finally(() => clearTimeout(late));
    const client = await call.accept();
    await join(client, stream);
    const why = await over;
    if (why !== undefined && !call.signal.aborted) throw why;
  } finally {
    call.signal.removeEventListener('abort', abort);
    stream.destroy();
  }
}

async function open(call: TunnelCall, options: HttpTunnelOptions): Promise<SocketStream> {
  const { action } = call.grant;
  const url = `${options.url.replace(/^http/, 'ws')}${PROTOCOL_PATH}/actions/${encodeURIComponent(action)}/tunnel`;
  const headers = { authorization: `Bearer ${options.token}`, ...traceHeaders() };
  try {
    return await dial({ url, headers, signal: call.signal, timeoutMs: OPEN_MS });
  } catch (error) {
    if (!(error instanceof RefusedError)) throw options.networkError(error);
    const problem = Problem.safeParse(error.body);
    if (problem.success) throw options.refusal(fromProblem(problem.data, 'provider.failed'));
    throw options.protocolError(`answered ${error.status} without a problem document`);
  }
}

function record(call: TunnelCall, stream: SocketStream, { id, event }: Extract<TunnelFromProvider, { type: 'record' }>): void {
  const tell = (message: TunnelToProvider): void => stream.tell(message);
  call.record(event).then(
    () => tell({ type: 'recorded', id }),
    (error: unknown) =>
      tell({ type: 'unrecorded', id, message: error instanceof Error ? error.message : 'It could not be recorded.' }),
  );
}

/** Passes bytes both ways until either side is closed, and all that came from the provider has been taken. */
function join(client: Duplex, provider: SocketStream): Promise<void> {
  client.pipe(provider);
  if (!(client instanceof SocketStream && provider.relayTo(client))) provider.pipe(client, { end: false });
  return new Promise((resolve) => {
    const done = (): void => resolve();
    provider.once('end', done).once('close', done);
    client.once('close', () => {
      // What it sent before it left in order still goes its way.
      if (!provider.writableEnded) provider.destroy();
      void provider.over.then(done);
    });
    if (provider.destroyed || client.destroyed) done();
  });
}
