import http from 'node:http';
import https from 'node:https';
import { GuichetError } from '@guichet/contract';

export interface BoundedRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Certificates to trust instead of those of the machine, PEM. */
  readonly ca?: string | undefined;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

export interface BoundedAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * Sends exactly this, once, on a connection of its own: no redirect is followed, no cookie kept, and an answer that is
 * late or large is let go (`assertion.unavailable`). `fetch` would add headers of its own and follow what it is told.
 */
export async function requestBounded(request: BoundedRequest): Promise<BoundedAnswer> {
  const { url, timeoutMs } = request;
  // One clock for all of it: connecting, and an answer that drips.
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await send(request, signal);
  } catch (cause) {
    if (cause instanceof GuichetError) throw cause;
    const why = signal.aborted ? `did not answer within ${timeoutMs / 1000} s` : 'cannot be reached';
    throw new GuichetError('assertion.unavailable', `${url.host} ${why}.`, {
      remedy: 'Try again. If it lasts: the log of the gateway says more.',
      cause,
    });
  }
}

function send({ url, method, headers, body, ca, maxBytes }: BoundedRequest, signal: AbortSignal): Promise<BoundedAnswer> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, signal, agent: false as const, maxHeaderSize: 16_384 };
    const call = url.protocol === 'https:' ? https.request(url, { ...options, ca }) : http.request(url, options);
    call.once('error', reject);
    call.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) call.destroy(new Error(`${url.host} answers more than ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers['content-type'] ?? '',
          body: Buffer.concat(chunks),
        }),
      );
    });
    call.end(body);
  });
}
