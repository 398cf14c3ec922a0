import { Duplex } from 'node:stream';
import { TUNNEL_CLOSE } from '@guichet/contract';
import type { RawData, WebSocket } from 'ws';

/** What may wait in our memory to be sent before whoever writes has to wait, in bytes. */
const MOST_WAITING = 512 * 1024;
/** So many messages are kept for whoever listens later. */
const MOST_EARLY = 16;
/** A peer that is told that it is over has so long to say the same. */
const CLOSE_MS = 2_000;

/** A WebSocket was closed for another reason than that it was over. */
export class TunnelClosedError extends Error {
  readonly code: number;

  constructor(code: number, reason: string) {
    super(reason === '' ? `The connection broke (${code}).` : reason);
    this.name = 'TunnelClosedError';
    this.code = code;
  }
}

/**
 * One WebSocket as a stream of bytes, with messages beside them: binary frames are the bytes, text frames are JSON. A
 * reader that does not read stops the socket, messages included; a peer that does not read makes whoever writes wait.
 */
export class SocketStream extends Duplex {
  /** Bytes that came from the peer, and that went to it. */
  received = 0;
  sent = 0;
  readonly socket: WebSocket;
  /** How the socket was closed. Never rejects. */
  readonly over: Promise<{ readonly code: number; readonly reason: string }>;
  #onMessage: ((message: unknown) => void) | undefined;
  /** What came before anybody listened. */
  #early: unknown[] = [];
  #done: ((error?: Error | null) => void) | undefined;

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: false, highWaterMark: MOST_WAITING, emitClose: true });
    this.socket = socket;
    socket.on('message', (data, isBinary) => this.#take(data, isBinary));
    socket.on('error', () => {}); // 'close' follows, and says as much
    this.over = new Promise((resolve) =>
      socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        if (code === TUNNEL_CLOSE.over) this.push(null);
        else this.destroy(new TunnelClosedError(code, reason.toString()));
        this.#go(new TunnelClosedError(code, reason.toString()));
      }),
    );
    this.on('error', () => {}); // whoever cares listens; nobody has to
  }

  /** Called with each message, parsed and unchecked, the early ones first; what it throws breaks the connection. */
  listen(onMessage: (message: unknown) => void): void {
    this.#onMessage = onMessage;
    for (const message of this.#early.splice(0)) this.#hear(message);
  }

  /** Sends a message beside the bytes. Lost when the socket is closed. */
  tell(message: object): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Closes the socket with a code, and cuts it when the peer does not answer. */
  finish(code: number, reason = ''): void {
    const { socket } = this;
    if (socket.readyState === socket.CLOSED) return;
    // A reason of a close frame is 123 bytes at most.
    socket.close(
      code,
      Buffer.from(reason)
        .subarray(0, 120)
        .toString()
        .replace(/\uFFFD+$/, ''),
    );
    if (socket.isPaused) socket.resume(); // its answer comes behind what nobody has read
    const cut = setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    socket.once('close', () => clearTimeout(cut));
  }

  override _read(): void {
    if (this.socket.isPaused) this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) {
      done(new TunnelClosedError(1006, 'The connection is closed.'));
      return;
    }
    this.sent += chunk.length;
    socket.send(chunk, { binary: true }, () => {
      if (socket.bufferedAmount < MOST_WAITING) this.#go();
    });
    this.#done = done;
    if (socket.bufferedAmount < MOST_WAITING) this.#go();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.finish(TUNNEL_CLOSE.over);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.finish(error === null ? TUNNEL_CLOSE.over : TUNNEL_CLOSE.failed);
    done(error);
  }

  #go(error?: Error): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(error);
  }

  #take(data: RawData, isBinary: boolean): void {
    if (!isBinary) this.#parse(data);
    else if (!this.destroyed && !this.readableEnded) this.#push(data as Buffer); // unless it is told otherwise, a socket gives these
  }

  #push(chunk: Buffer): void {
    this.received += chunk.length;
    if (!this.push(chunk)) this.socket.pause();
  }

  #parse(data: RawData): void {
    try {
      const message: unknown = JSON.parse(data.toString());
      if (this.#onMessage !== undefined) this.#hear(message);
      else if (this.#early.push(message) > MOST_EARLY) throw new Error('There are too many messages.');
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #hear(message: unknown): void {
    try {
      this.#onMessage?.(message);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
