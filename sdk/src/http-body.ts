import type { IncomingMessage } from 'node:http';
import { CallBody, GuichetError } from '@guichet/contract';
import { jsonCopy, NotJsonError, pointerStep } from './json.ts';

/** Largest body of a call, in bytes. */
export const MAX_BODY = 1_048_576;

/** The client went away while it was sending: there is nobody to answer. */
export class ClientGoneError extends Error {}

/**
 * The body of a call. Rejects with `body.too_large`, `body.unsupported_type`, `body.malformed`, `input.invalid` (members of
 * the body that are wrong), or ClientGoneError.
 */
export async function readCallBody(request: IncomingMessage, timeoutMs: number): Promise<CallBody> {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
  if (!/^application\/json *(;|$)/i.test(type) || encoding !== 'identity') {
    throw new GuichetError(
      'body.unsupported_type',
      `The body is '${type}'${encoding === 'identity' ? '' : ` in '${encoding}'`}.`,
      {
        remedy: 'Send plain application/json.',
      },
    );
  }
  const parsed = CallBody.safeParse(parseJson(await readBytes(request, timeoutMs)));
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => {
    const at = issue.path.map(pointerStep).join('');
    if (issue.code !== 'unrecognized_keys') return [{ field: at || '/', message: issue.message }];
    return issue.keys.map((key) => ({ field: at + pointerStep(key), message: 'The body has no such member.' }));
  });
  const fields = errors.map((error) => error.field).join(', ');
  throw new GuichetError('input.invalid', `The body is not that of a call: ${fields}.`, {
    remedy: 'See the provider protocol.',
    errors,
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    // jsonCopy also refuses what would overflow the stack later: nesting without an end.
    return jsonCopy(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (error) {
    const why = error instanceof NotJsonError ? error.message : 'it is not JSON in UTF-8';
    throw new GuichetError('body.malformed', `The body cannot be read: ${why}.`, { remedy: 'Send one JSON object in UTF-8.' });
  }
}

function readBytes(request: IncomingMessage, timeoutMs: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const tooLarge = () =>
    new GuichetError('body.too_large', `The body is larger than ${MAX_BODY} bytes.`, { remedy: 'Send less.' });
  const tooSlow = () =>
    new GuichetError('body.malformed', `The body had not arrived after ${timeoutMs / 1000} s.`, { remedy: 'Send it at once.' });
  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_BODY) reject(tooLarge());
    else chunks.push(chunk);
  };
  const onEnd = () => resolve(Buffer.concat(chunks, size));
  const onGone = () => reject(new ClientGoneError('the client went away'));
  const timer = setTimeout(() => reject(tooSlow()), timeoutMs);
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) reject(tooLarge());
  else request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  return promise.finally(() => {
    clearTimeout(timer);
    request
      .off('data', onData)
      .off('end', onEnd)
      .off('close', onGone)
      .off('error', onGone)
      .on('error', () => {});
    request.resume(); // what is left is thrown away, so that the answer reaches a client that is still sending
  });
}
