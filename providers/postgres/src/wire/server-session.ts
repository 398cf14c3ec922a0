import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { errorFields, message, SSL_REQUEST, startMessage, startupMessage } from './messages.ts';
import { ScramExchange } from './scram.ts';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean | { readonly ca: string };
}

/** A connection to a server, signed in and waiting for the first statement. */
export interface ServerSession {
  /** Paused; nothing has been read from it beyond the greeting. */
  readonly socket: Socket;
  /** What the server has said about itself, up to its first ReadyForQuery, as it is to be told to the client. */
  readonly greeting: Buffer;
}

/** The server's own answer to a start-up: an ErrorResponse, as it came. */
export class ServerRefusal extends Error {
  readonly code: string;
  readonly response: Buffer;

  constructor(response: Buffer) {
    const { C: code = '', M: text = '' } = errorFields(response.subarray(5));
    super(text);
    this.name = 'ServerRefusal';
    this.code = code;
    this.response = response;
  }
}

/** The server wants a proof that a password is not. */
export class SignInError extends Error {}

export interface SignIn {
  /** `user`, `database`, and whatever the client asks for. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly password: string;
  readonly signal: AbortSignal;
}

const CONNECT_MS = 10_000;
/** From the connection to the first ReadyForQuery. */
const SIGN_IN_MS = 30_000;

/** Signs in. Rejects with a ServerRefusal, or with the error of the network, whose words are for the log. */
export async function openServerSession(
  address: ServerAddress,
  { parameters, password, signal }: SignIn,
): Promise<ServerSession> {
  const socket = await openSocket(address, signal);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(SIGN_IN_MS)]);
  const abandon = (): void => void socket.destroy(new Error('the server did not let us in in time'));
  limit.addEventListener('abort', abandon, { once: true });
  try {
    limit.throwIfAborted();
    socket.write(startupMessage(parameters));
    const messages = new BackendMessages(socket);
    await authenticate(messages, socket, password);
    const greeting: Buffer[] = [];
    for (;;) {
      const next = await messages.next();
      const type = typeOf(next);
      if (type === 'E') throw new ServerRefusal(next);
      greeting.push(next);
      if (type === 'Z') break;
    }
    return { socket: messages.release(), greeting: Buffer.concat(greeting) };
  } catch (error) {
    socket.on('error', () => {}).destroy();
    throw error;
  } finally {
    limit.removeEventListener('abort', abandon);
  }
}

/** Passes a CancelRequest on, and waits until the server has read it: it says nothing, and closes. */
export async function sendCancel(address: ServerAddress, packet: Buffer, signal: AbortSignal): Promise<void> {
  const socket = await openSocket(address, signal);
  socket.on('error', () => {});
  const closed = new Promise((done) => socket.once('close', done));
  socket.resume().end(packet);
  await closed;
}

async function authenticate(messages: BackendMessages, socket: Socket, password: string): Promise<void> {
  let scram: ScramExchange | undefined;
  for (;;) {
    const next = await messages.next();
    if (typeOf(next) === 'E') throw new ServerRefusal(next);
    if (typeOf(next) === 'N' || typeOf(next) === 'v') continue;
    if (typeOf(next) !== 'R') throw new Error('the server does not speak the protocol of PostgreSQL');
    const how = next.readInt32BE(5);
    const data = next.subarray(9);
    if (how === 0) return;
    if (how === 3) socket.write(message('p', `${password}\0`));
    else if (how === 10) {
      if (!data.toString('latin1').split('\0').includes('SCRAM-SHA-256')) throw unknownWay('SASL');
      scram = new ScramExchange(password);
      const first = Buffer.from(scram.first());
      const length = Buffer.alloc(4);
      length.writeInt32BE(first.length);
      socket.write(message('p', 'SCRAM-SHA-256\0', length, first));
    } else if (how === 11 && scram !== undefined) socket.write(message('p', await scram.final(data.toString('utf8'))));
    else if (how === 12 && scram !== undefined) scram.verify(data.toString('utf8'));
    else throw unknownWay(String(how));
  }
}

function unknownWay(name: string): SignInError {
  return new SignInError(`The server asks for another proof than a password (${name}).`);
}

/** Messages of the server one by one, for as long as there are few of them. */
class BackendMessages {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#chunks = socket.iterator({ destroyOnReturn: false });
  }

  async next(): Promise<Buffer> {
    for (;;) {
      const length = this.#bytes.length < 5 ? Number.POSITIVE_INFINITY : 1 + this.#bytes.readInt32BE(1);
      if (this.#bytes.length >= length) {
        const next = this.#bytes.subarray(0, length);
        this.#bytes = this.#bytes.subarray(length);
        return next;
      }
      const { done, value } = await this.#chunks.next();
      if (done === true) throw new Error('the server closed the connection before it was ready');
      this.#bytes = Buffer.concat([this.#bytes, value]);
    }
  }

  /** The socket, paused, with what was read too much put back. */
  release(): Socket {
    void this.#chunks.return?.();
    this.#socket.pause();
    if (this.#bytes.length > 0) this.#socket.unshift(this.#bytes);
    return this.#socket;
  }
}

function typeOf(next: Buffer): string {
  return String.fromCharCode(next[0] ?? 0);
}

async function openSocket({ host, port, tls }: ServerAddress, signal: AbortSignal): Promise<Socket> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
  const plain = connectTcp({ host, port, noDelay: true, keepAlive: true });
  await settled(plain, 'connect', limit);
  if (tls === false) return plain;
  plain.write(startMessage(SSL_REQUEST));
  await settled(plain, 'readable', limit);
  // One letter, and nothing behind it: what a stranger on the way might put there would otherwise be taken as encrypted.
  const answer: unknown = plain.read();
  if (!Buffer.isBuffer(answer) || answer.length !== 1 || answer[0] !== 'S'.charCodeAt(0)) {
    plain.destroy();
    throw new Error('The server does not support SSL connections');
  }
  const secure = connectTls({
    socket: plain,
    host,
    ...(tls !== true && { ca: tls.ca }),
    ...(!isAddress(host) && { servername: host }),
  });
  await settled(secure, 'secureConnect', limit);
  return secure;
}

function isAddress(host: string): boolean {
  return /^[\d.]+$|:/.test(host);
}

/** Waits for the event; destroys the socket and rejects when an error, its end, or the limit comes first. */
async function settled(socket: Socket, event: string, limit: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => reject(limit.reason instanceof Error ? limit.reason : new Error('aborted'));
  const onClose = (): void => reject(new Error('connection terminated'));
  socket.once(event, resolve).once('error', reject).once('close', onClose);
  limit.addEventListener('abort', onAbort, { once: true });
  if (limit.aborted) onAbort();
  try {
    await promise;
  } catch (error) {
    socket.on('error', () => {}).destroy();
    throw error;
  } finally {
    socket.off(event, resolve).off('error', reject).off('close', onClose);
    limit.removeEventListener('abort', onAbort);
  }
}
