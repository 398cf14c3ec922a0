import type { Duplex } from 'node:stream';
import { type ClientService, complaintOf, finish, type Refusal, Unserved } from './client-service.ts';
import { FrontendSplitter, type Statement, type Stretch } from './frontend.ts';
import { CANCEL_REQUEST, failingParse, failingQuery, startMessage } from './messages.ts';
import type { ServerSession } from './server-session.ts';

/** By which the server takes a cancel: what its BackendKeyData has. */
function keyOf(greeting: Buffer): Buffer | undefined {
  for (let at = 0; at + 5 <= greeting.length; at += 1 + greeting.readInt32BE(at + 1)) {
    if (greeting[at] === 'K'.charCodeAt(0)) return greeting.subarray(at + 5, at + 1 + greeting.readInt32BE(at + 1));
  }
  return undefined;
}

/** A stretch, and what is awaited before it may pass. */
interface Told {
  readonly stretch: Stretch;
  readonly through: Promise<Refusal | undefined> | undefined;
}

/** So many stretches wait to be recorded at a time: a chunk may have as many statements as it has times seven bytes. */
const MOST_AHEAD = 512;

const READY = Buffer.from([0x5a, 0, 0, 0, 5]);

/** Both directions, from the server's first ReadyForQuery on. */
export class Conversation {
  readonly #service: ClientService;
  readonly #server: ServerSession['socket'];
  readonly #greeting: Buffer;
  readonly #over = new AbortController();
  readonly #splitter = new FrontendSplitter();
  /** The end of what the server has said: where it is a ReadyForQuery, nothing is under way. */
  #tail: Buffer;
  #lastByte = performance.now();
  /** The server was sent something, and has not yet answered to its end; as far as the ends of its chunks tell. */
  #busy = false;

  constructor(service: ClientService, server: ServerSession['socket'], greeting: Buffer) {
    this.#service = service;
    this.#server = server;
    this.#greeting = greeting;
    this.#tail = greeting.subarray(-6);
  }

  async run(): Promise<void> {
    const {
      stream,
      signal,
      idle: { session, transaction },
    } = this.#service;
    const server = this.#server;
    const onAbort = (): void => this.#over.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const idle = setInterval(() => void this.#lookForIdleness().catch(() => {}), Math.min(10_000, session, transaction) / 2);
    try {
      const ended = Promise.withResolvers<void>();
      this.#over.signal.addEventListener('abort', () => ended.reject(this.#over.signal.reason), { once: true });
      if (this.#over.signal.aborted) ended.reject(this.#over.signal.reason);
      // The client may go while the server is at work: nobody would read what comes.
      stream.once('close', ended.resolve);
      await Promise.race([ended.promise, this.#toClient(), this.#toServer().then(() => this.#serverEnd())]);
      await finish(stream);
    } catch (error) {
      // Inside a message of the server nothing can be said that a client would understand.
      if (!this.#atBoundary() || complaintOf(error) === undefined) stream.destroy();
      if (!isGone(error)) throw error;
    } finally {
      clearInterval(idle);
      signal.removeEventListener('abort', onAbort);
      server.on('error', () => {}).destroy();
      // By itself the server would notice when it next writes, or looks: what nobody waits for any more is stopped now.
      if (this.#busy && !this.#splitter.terminated) await this.#cancel();
    }
  }

  /** Chunks as they come. Comes back when the server has closed. */
  async #toClient(): Promise<void> {
    const { stream } = this.#service;
    const server = this.#server;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.on('data', (chunk: Buffer) => {
      this.#lastByte = performance.now();
      this.#tail = chunk.length >= 6 ? chunk.subarray(-6) : Buffer.concat([this.#tail, chunk]).subarray(-6);
      this.#busy = !this.#atBoundary();
      if (!stream.write(chunk)) server.pause();
    });
    stream.on('drain', () => server.resume());
    server
      .once('end', resolve)
      .once('close', () => resolve())
      .once('error', reject);
    server.resume();
    return promise;
  }

  /** Waits for the server after the client has sent all that it had to say. No client goes before it has its answers. */
  async #serverEnd(): Promise<void> {
    const server = this.#server;
    if (this.#busy && !this.#splitter.terminated) await this.#cancel();
    if (!server.writableEnded) server.end();
    await new Promise<void>((done) =>
      server.closed || server.readableEnded ? done() : server.once('end', done).once('close', done),
    );
  }

  async #toServer(): Promise<void> {
    const { stream, executions } = this.#service;
    const splitter = this.#splitter;
    for await (const chunk of bytesOf(stream)) {
      this.#lastByte = performance.now();
      const before = splitter.executions;
      // Told of together, so that a client which sends statements ahead does not wait for each; and not too many at once.
      let told: Told[] = [];
      for (const stretch of splitter.split(chunk)) {
        told.push({ stretch, through: this.#tell(stretch.statement) });
        if (told.length < MOST_AHEAD) continue;
        await this.#pass(told);
        told = [];
      }
      await this.#pass(told);
      if (splitter.executions > before) executions?.(splitter.executions - before);
    }
  }

  async #pass(told: readonly Told[]): Promise<void> {
    for (const { stretch, through } of told) await this.#write(passing(stretch, await through));
  }

  #tell(statement: Statement | undefined): Promise<Refusal | undefined> | undefined {
    if (statement === undefined) return undefined;
    const told = this.#service.statement(statement);
    told.catch(() => {}); // looked at in its turn, or not at all when one before it was not let through
    return told;
  }

  async #write(bytes: Buffer): Promise<void> {
    const server = this.#server;
    this.#busy = true;
    if (server.destroyed || server.write(bytes)) return;
    await new Promise<void>((done) => {
      const wake = (): void => {
        server.off('drain', wake).off('close', wake);
        done();
      };
      server.on('drain', wake).on('close', wake);
    });
  }

  async #cancel(): Promise<void> {
    const key = keyOf(this.#greeting);
    if (key !== undefined) await this.#service.cancel(startMessage(CANCEL_REQUEST, key)).catch(() => {}); // it has ended by itself
  }

  /** Nothing of a message is on its way to the client: here an error can be put in. */
  #atBoundary(): boolean {
    return this.#tail.length === 6 && this.#tail.subarray(0, 5).equals(READY);
  }

  async #lookForIdleness(): Promise<void> {
    const { session, transaction, isIdle } = this.#service.idle;
    const inTransaction = this.#tail[5] !== 'I'.charCodeAt(0);
    const limit = inTransaction ? transaction : session;
    const since = this.#lastByte;
    if (this.#busy || !this.#atBoundary() || performance.now() - since <= limit) return;
    // What was sent ahead may still be under way behind the answer that came last: the server knows.
    const pid = keyOf(this.#greeting)?.readInt32BE(0);
    if (pid === undefined || !(await isIdle(pid)) || this.#lastByte !== since) return;
    const doing = inTransaction ? 'held a transaction open and did nothing' : 'did nothing';
    this.#over.abort(
      new Unserved({
        code: inTransaction ? '25P03' : '57P05',
        message: `The session of ${this.#service.name} ${doing} for ${Math.round(limit / 1000)} s, so Guichet has ended it.`,
        hint: 'Connect again; what was not committed was rolled back.',
      }),
    );
  }
}

/** What comes from the client, until it ends or is cut. The stream is left open: there may be something to say yet. */
async function* bytesOf(stream: Duplex): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Buffer> = stream.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await chunks.next().catch(() => undefined); // however it was cut, the client is gone
    if (next === undefined || next.done === true) return;
    yield next.value;
  }
}

/** What the server is sent of a stretch. Throws an Unserved for what can only be refused with all that comes after it. */
function passing({ bytes, statement, functionCall }: Stretch, refusal: Refusal | undefined): Buffer {
  if (functionCall === true) return failingQuery(NO_FUNCTION_CALLS);
  if (statement === undefined || refusal === undefined) return bytes;
  if (!statement.whole) throw new Unserved(refusal);
  return statement.kind === 'query' ? failingQuery(refusal) : failingParse(bytes, refusal);
}

const NO_FUNCTION_CALLS = {
  code: '0A000',
  message: 'Guichet does not let calls by the fast path through, for they have no statement that could be recorded.',
  hint: 'Call the function in a SELECT.',
};

/** The other side went: that is how sessions end. */
function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}
