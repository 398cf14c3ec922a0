import type { Duplex } from 'node:stream';
import { ProtocolError, parseStartup, type StartParameters } from './frontend.ts';
import { CANCEL_REQUEST, GSSENC_REQUEST, SSL_REQUEST } from './messages.ts';

export type Start =
  | ({ readonly kind: 'startup' } & StartParameters)
  /** The whole message, as it is to be passed on. */
  | { readonly kind: 'cancel'; readonly packet: Buffer }
  /** It went without a word. */
  | { readonly kind: 'gone' };

/** The server's own limit. */
const LONGEST = 10_000;
const MOST_ASKED = 4;

/** Reads how a client begins; encryption is declined, for the stream is encrypted already. Rejects with a ProtocolError. */
export async function readStart(stream: Duplex, signal: AbortSignal): Promise<Start> {
  for (let asked = 0; asked < MOST_ASKED; asked++) {
    const head = await readBytes(stream, 8, signal);
    if (head === undefined) return { kind: 'gone' };
    const length = head.readInt32BE(0);
    const code = head.readInt32BE(4);
    if (length < 8 || length > LONGEST) throw new ProtocolError('it does not speak the protocol of PostgreSQL');
    if (code === SSL_REQUEST || code === GSSENC_REQUEST) {
      stream.write('N');
      continue;
    }
    const rest = length === 8 ? Buffer.alloc(0) : await readBytes(stream, length - 8, signal);
    if (rest === undefined) return { kind: 'gone' };
    if (code === CANCEL_REQUEST) return { kind: 'cancel', packet: Buffer.concat([head, rest]) };
    return { kind: 'startup', ...parseStartup(Buffer.concat([head.subarray(4), rest])) };
  }
  throw new ProtocolError('it asks for encryption again and again');
}

/** Just so many bytes; undefined when the stream ends before. What comes behind them stays in the stream. */
async function readBytes(stream: Duplex, count: number, signal: AbortSignal): Promise<Buffer | undefined> {
  for (;;) {
    const bytes: unknown = stream.read(count);
    if (Buffer.isBuffer(bytes)) return bytes.length === count ? bytes : undefined;
    if (stream.readableEnded || stream.destroyed || signal.aborted) return undefined;
    await new Promise<void>((done) => {
      const events = ['readable', 'end', 'close', 'error'];
      const wake = (): void => {
        for (const event of events) stream.off(event, wake);
        signal.removeEventListener('abort', wake);
        done();
      };
      for (const event of events) stream.on(event, wake);
      signal.addEventListener('abort', wake);
    });
  }
}
