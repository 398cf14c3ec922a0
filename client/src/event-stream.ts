import { GuichetError } from '@guichet/contract';
import { createParser } from 'eventsource-parser';
import type { Transport } from './transport.ts';

/** A gateway sends a comment at least every 15 s; silence for three times that is a dead connection. */
const SILENCE_MS = 45_000;

export interface StreamedEvent {
  readonly event: string | undefined;
  readonly data: string;
}

/** Errors that time may mend: the connection, not the answer. */
export function isCut(error: unknown): boolean {
  if (!(error instanceof GuichetError)) return true;
  return error.code === 'gateway.unreachable' || error.code === 'gateway.draining' || error.code === 'database.unavailable';
}

/** A stream of server-sent events, once: `open` when it is there, then each event until it ends or is cut. */
export async function* openEventStream(
  transport: Transport,
  {
    path,
    headers = {},
    signal,
  }: { path: string; headers?: Readonly<Record<string, string>> | undefined; signal?: AbortSignal | undefined },
): AsyncGenerator<StreamedEvent | 'open'> {
  const connection = new AbortController();
  const response = await transport.send({
    method: 'GET',
    path,
    headers: { accept: 'text/event-stream', ...headers },
    signal: signal === undefined ? connection.signal : AbortSignal.any([signal, connection.signal]),
    repeatable: false,
    once: true, // whoever reads has a loop that repeats
  });
  if (response.body === null || !(response.headers.get('content-type') ?? '').startsWith('text/event-stream'))
    throw transport.protocolError(`${path} is not a stream of events`);
  yield 'open';
  const events: StreamedEvent[] = [];
  const parser = createParser({ onEvent: ({ event, data }) => void events.push({ event, data }) });
  let silence = setTimeout(() => connection.abort(), SILENCE_MS);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(silence);
      silence = setTimeout(() => connection.abort(), SILENCE_MS);
      parser.feed(value);
      yield* events.splice(0);
    }
  } finally {
    clearTimeout(silence);
    connection.abort(); // whoever stops reading wants no more of it
  }
}
