import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { SOCKET } from './accept.ts';
import { SocketStream } from './socket-stream.ts';

const MOST_OF_A_REFUSAL = 64 * 1024;

export interface Dialling {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** How long the other side may take to answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** The other side answered, and did not take the connection. */
export class RefusedError extends Error {
  readonly status: number;
  /** What it said, as it came; undefined when it was no JSON. */
  readonly body: unknown;

  constructor(status: number, text: string) {
    super(`The connection was refused with ${status}.`);
    this.status = status;
    this.body = parseLoosely(text);
  }
}

/** Opens a WebSocket. Rejects with RefusedError, with an error of the network (`code`), or with the reason of the signal. */
export function dial({ url, headers, signal, timeoutMs }: Dialling): Promise<SocketStream> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const socket = new WebSocket(url, { ...SOCKET, headers, handshakeTimeout: timeoutMs, followRedirects: false });
    const abandon = (): void => {
      reject(signal?.reason);
      socket.terminate();
    };
    const settled = (): void => signal?.removeEventListener('abort', abandon);
    signal?.addEventListener('abort', abandon, { once: true });
    socket.once('unexpected-response', (request, response) => {
      void textOf(response).then((text) => {
        settled();
        reject(new RefusedError(response.statusCode ?? 0, text));
        request.destroy();
      });
    });
    socket.on('error', (error) => {
      settled();
      reject(error);
    });
    socket.once('open', () => {
      settled();
      const stream = new SocketStream(socket);
      stream.followFrames();
      resolve(stream);
    });
  });
}

/** What a refusal says, as far as it is worth reading. */
function textOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      if (text.length < MOST_OF_A_REFUSAL) text += chunk;
    });
    response
      .on('end', () => resolve(text))
      .on('error', () => resolve(text))
      .on('close', () => resolve(text));
  });
}

function parseLoosely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
