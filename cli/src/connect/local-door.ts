import { createServer, type Server, type Socket } from 'node:net';
import type { Client } from '@guichet/client';
import { type ConnectionOutput, GuichetError, TUNNEL_CLOSE } from '@guichet/contract';
import type { SocketStream } from '@guichet/tunnel';
import { readNotice } from './notice.ts';
import { openTunnel } from './open-tunnel.ts';
import { errorMessage, greet } from './postgres-greeting.ts';

/** Connections that are asked who they are, at a time: others wait for their turn, and too many are cut. */
const MOST_STRANGERS = 64;
const MOST_WAITING = 1_000;

export interface DoorOptions {
  readonly client: Client;
  readonly request: string;
  readonly protocol: ConnectionOutput['protocol'];
  /** A path of a socket, in a folder that nobody else can enter; or a port of 127.0.0.1, 0 for a free one. */
  readonly at: { readonly path: string } | { readonly port: number };
  /** What a client has to know; nothing where nobody else can come in. */
  readonly password?: string;
}

/** Listens on this machine, and carries each connection to the request through a tunnel of its own. */
export class LocalDoor {
  readonly #options: DoorOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #strangers = 0;
  readonly #waiting: (() => void)[] = [];

  private constructor(options: DoorOptions) {
    this.#options = options;
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => void this.#serve(socket));
  }

  static async open(options: DoorOptions): Promise<LocalDoor> {
    const door = new LocalDoor(options);
    const { at } = options;
    await new Promise<void>((resolve, reject) => {
      door.#server.once('error', (error) => reject(cannotListen(error, at)));
      door.#server.listen('path' in at ? { path: at.path } : { port: at.port, host: '127.0.0.1' }, () => resolve());
    });
    return door;
  }

  /** The port that it listens at; 0 for a path. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Cuts all that is open. With a reason, clients of PostgreSQL are told. */
  close(reason?: string): void {
    this.#server.close();
    for (const socket of this.#sockets) {
      if (reason !== undefined && this.#isPostgres) socket.end(errorMessage({ state: '57P01', message: reason }));
      else socket.destroy();
    }
  }

  get #isPostgres(): boolean {
    return this.#options.protocol === 'postgres';
  }

  async #serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket));
    const { password, client, request } = this.#options;
    let first: Buffer | undefined;
    if (password !== undefined) {
      if (this.#waiting.length >= MOST_WAITING) return void socket.destroy();
      if (this.#strangers >= MOST_STRANGERS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#strangers += 1;
      first = await greet(socket, password).finally(() => {
        this.#strangers -= 1;
        this.#waiting.shift()?.();
      });
      if (first === undefined) return;
    }
    try {
      this.#join(socket, await openTunnel(client, request, { hold: false }), first);
    } catch (error) {
      this.#refuse(socket, error instanceof GuichetError ? error : new GuichetError('internal', String(error)));
    }
  }

  #join(socket: Socket, stream: SocketStream, first: Buffer | undefined): void {
    if (socket.destroyed) return void stream.destroy();
    stream.listen((message) => {
      const notice = readNotice(message);
      if (notice?.type === 'failed') this.#refuse(socket, notice.error);
      if (notice?.type === 'ended') this.#refuse(socket, new GuichetError('request.not_connectable', notice.reason));
    });
    if (first !== undefined) stream.write(first);
    socket.pipe(stream);
    if (stream.relayBytesTo(socket)) stream.once('end', () => socket.end());
    else stream.pipe(socket);
    socket.once('close', () => {
      if (!stream.writableEnded) stream.destroy();
    });
    void stream.over.then(({ code }) => {
      if (code !== TUNNEL_CLOSE.over) setImmediate(() => socket.destroySoon());
    });
  }

  /** In the client's own words, where they are known: it shows them. */
  #refuse(socket: Socket, { message, remedy }: GuichetError): void {
    if (this.#isPostgres) socket.end(errorMessage({ state: '08006', message, hint: remedy }));
    else socket.destroy();
  }
}

function cannotListen(error: Error, at: DoorOptions['at']): GuichetError {
  const code = 'code' in error ? String(error.code) : error.message;
  if ('path' in at) return new GuichetError('internal', `No socket could be made at ${at.path} (${code}).`, { cause: error });
  return new GuichetError('usage.invalid', `The port ${at.port} of this machine cannot be had (${code}).`, {
    remedy: 'Give another one, or leave --port out for a free one.',
    cause: error,
  });
}
