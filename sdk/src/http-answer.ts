import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type GuichetError, type RunMessage, toProblem } from '@guichet/contract';
import type { RunStream } from './run-stream.ts';

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly type?: string;
}

/** Answers with one JSON document. */
export function sendJson(
  response: ServerResponse,
  { status = 200, headers = {}, body, type = 'application/json' }: Answer,
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'cache-control': 'no-store',
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Answers with an error: problem+json with a code of the table. */
export function sendProblem(response: ServerResponse, error: GuichetError, headers: Readonly<Record<string, string>> = {}): void {
  const problem = toProblem(error);
  sendJson(response, { status: problem.status, headers, body: problem, type: 'application/problem+json' });
}

/**
 * Answers with the messages of a run, one JSON document a line, no faster than the client reads. The first message is
 * awaited before the head where an error may still come in its place.
 */
export async function sendRun(
  response: ServerResponse,
  stream: RunStream,
  first?: IteratorResult<RunMessage, undefined>,
): Promise<void> {
  if (response.destroyed) return void stream.return(); // left before the head; return() never rejects
  response.writeHead(200, { 'cache-control': 'no-store', 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  for (let next = first ?? (await stream.next()); !next.done; next = await stream.next()) {
    if (response.destroyed) return;
    if (response.write(`${JSON.stringify(next.value)}\n`)) continue;
    await once(response, 'drain', { signal: closed.signal }).catch(() => {}); // closed: the check above ends the loop
  }
  response.end();
}
