import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TUNNEL_CLOSE } from '@guichet/contract';
import type { RawData, WebSocket } from 'ws';
import { type FrameEvents, FrameWalker } from './frame-walker.ts';

/** What may wait in our memory to be sent before whoever writes has to wait, in bytes. */
const MOST_WAITING = 512 * 1024;
/** So many messages are kept for whoever listens later. */
const MOST_EARLY = 16;
/** Pieces that are sent together, in bytes. */
const LONGEST_FRAME = 128 * 1024;
/** A frame that is put together fits in one of these; so many are kept. */
const BUFFER = 2 * LONGEST_FRAME;
const MOST_FREE = 4;
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
  /** What came before anybody listened, as it came. */
  #early: string[] = [];
  #mute = false;
  #walker: FrameWalker | undefined;
  #relay: FrameEvents['onBinary'] | undefined;
  /** Where bytes go that were read in spite of it. */
  #rest: ((chunk: Buffer) => void) | undefined;
  /** Of frames that have been sent. */
  readonly #free: Buffer[] = [];
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #flushing: NodeJS.Immediate | undefined;
  #done: ((error?: Error | null) => void) | undefined;

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: false, highWaterMark: MOST_WAITING, emitClose: true });
    this.socket = socket;
    socket.on('message', (data, isBinary) => this.#take(data, isBinary));
    // A peer that asks again and again, and reads no answer, gets none: they would fill our memory.
    socket.on('ping', (data) => {
      if (socket.readyState === socket.OPEN && socket.bufferedAmount < MOST_WAITING) socket.pong(data);
    });
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
    for (const text of this.#early.splice(0)) this.#hear(text);
  }

  /** For a peer that has nothing to say beside its bytes: a message breaks the connection, and is not even parsed. */
  refuseMessages(): void {
    this.#mute = true;
    if (this.#early.splice(0).length > 0) this.destroy(new Error('No message was expected.'));
  }

  /**
   * Passes all bytes that come from now on to another stream, whose peer is a client of ours: frame by frame as they are, for
   * what a server sends looks the same on both sides. Nothing is read here any more but messages and the end. False where
   * that cannot be done: then it is to be piped.
   */
  relayTo(client: SocketStream): boolean {
    const to = networkOf(client.socket);
    if (to === undefined) return false;
    return this.#relayAll({
      to,
      frame: (pieces, payload) => {
        if (client.socket.readyState !== client.socket.OPEN) return [];
        client.sent += payload;
        return pieces;
      },
      rest: (chunk) => client.#sendAtOnce(chunk),
    });
  }

  /** The same to a socket of this machine: the bytes without their frames. */
  relayBytesTo(socket: Socket): boolean {
    return this.#relayAll({ to: socket, frame: withoutHead, rest: (chunk) => void socket.write(chunk) });
  }

  #relayAll({ to, frame, rest }: { to: Socket; frame: Frame; rest: (chunk: Buffer) => void }): boolean {
    const from = networkOf(this.socket);
    if (this.#walker === undefined || from === undefined) return false;
    this.#walker.takeBinary = true;
    this.#relay = (pieces, payload) => {
      if (to.destroyed || to.writableEnded) return;
      this.received += payload;
      to.cork();
      for (const piece of frame(pieces, payload)) to.write(piece);
      to.uncork();
      if (to.writableLength < MOST_WAITING || from.isPaused()) return;
      from.pause();
      to.once('drain', () => from.resume());
    };
    for (let chunk: Buffer | null = this.read(); chunk !== null; chunk = this.read()) rest(chunk);
    this.#rest = rest;
    this.resume(); // there is nothing to read but the end
    return true;
  }

  /** Follows the frames of a server, so that they can be relayed. To be called before the first one has come. */
  followFrames(): void {
    const network = networkOf(this.socket);
    const [read, ...others] = network?.listeners('data') ?? [];
    if (network === undefined || read === undefined || others.length > 0) return;
    const walker = new FrameWalker({
      onBinary: (pieces, payload) => this.#relay?.(pieces, payload),
      onOther: (piece) => read.call(network, piece),
    });
    network.removeListener('data', read as (chunk: Buffer) => void); // as it was added
    network.on('data', (chunk: Buffer) => {
      try {
        walker.take(chunk);
      } catch (error) {
        this.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    this.#walker = walker;
  }

  #sendAtOnce(chunk: Buffer): void {
    this.sent += chunk.length;
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(chunk, { binary: true });
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

  /** What is written in one go is sent as one frame: servers write in small pieces, and each frame costs the same. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.socket.readyState !== this.socket.OPEN) {
      done(new TunnelClosedError(1006, 'The connection is closed.'));
      return;
    }
    this.sent += chunk.length;
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    this.#done = done;
    if (this.#pendingBytes >= LONGEST_FRAME) this.#flush();
    else this.#flushing ??= setImmediate(() => this.#flush());
    if (this.socket.bufferedAmount + this.#pendingBytes < MOST_WAITING) this.#go();
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const { socket } = this;
    const [first, ...more] = this.#pending.splice(0);
    if (first === undefined || socket.readyState !== socket.OPEN) return;
    const bytes = this.#pendingBytes;
    this.#pendingBytes = 0;
    // Buffers that are used again: new ones for each frame keep the garbage collector busier than all else.
    const buffer = more.length === 0 || bytes > BUFFER ? undefined : (this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER));
    const frame = more.length === 0 ? first : joined([first, ...more], { bytes, buffer });
    socket.send(frame, { binary: true }, () => {
      if (buffer !== undefined && this.#free.length < MOST_FREE) this.#free.push(buffer);
      if (socket.bufferedAmount + this.#pendingBytes < MOST_WAITING) this.#go();
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#flush();
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
    if (!isBinary) this.#listenTo(data);
    else if (!this.destroyed && !this.readableEnded) this.#push(data as Buffer); // unless it is told otherwise, a socket gives these
  }

  #push(chunk: Buffer): void {
    this.received += chunk.length;
    // The rest of a frame that had begun before it was relayed.
    if (this.#rest !== undefined) {
      this.#rest(chunk);
      return;
    }
    if (!this.push(chunk)) this.socket.pause();
  }

  #listenTo(data: RawData): void {
    if (this.#mute) this.destroy(new Error('No message was expected.'));
    else if (this.#onMessage !== undefined) this.#hear(data.toString());
    else if (this.#early.push(data.toString()) > MOST_EARLY) this.destroy(new Error('There are too many messages.'));
  }

  #hear(text: string): void {
    if (this.#onMessage === undefined || this.destroyed) return;
    try {
      this.#onMessage(JSON.parse(text));
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** What is passed on of a frame. */
type Frame = (pieces: readonly Buffer[], payload: number) => readonly Buffer[];

function withoutHead(pieces: readonly Buffer[], payload: number): Buffer[] {
  let head = pieces.reduce((sum, { length }) => sum + length, 0) - payload;
  return pieces.flatMap((piece) => {
    const cut = Math.min(head, piece.length);
    head -= cut;
    return cut === piece.length ? [] : [piece.subarray(cut)];
  });
}

function joined(pieces: readonly Buffer[], { bytes, buffer }: { bytes: number; buffer: Buffer | undefined }): Buffer {
  if (buffer === undefined) return Buffer.concat(pieces, bytes);
  let at = 0;
  for (const piece of pieces) at += piece.copy(buffer, at);
  return buffer.subarray(0, bytes);
}

/** The socket of the network below; ws has no other name for it. Undefined where it has not. */
function networkOf(socket: WebSocket): Socket | undefined {
  const { _socket: network } = socket as WebSocket & { readonly _socket?: Socket };
  return network;
}
