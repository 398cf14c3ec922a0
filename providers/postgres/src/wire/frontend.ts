/** What a client sends that is no message of the protocol. */
export class ProtocolError extends Error {}

export interface StartParameters {
  readonly parameters: ReadonlyMap<string, string>;
  /** Options of the protocol that the client would like (`_pq_.`...), and the minor version that it speaks. */
  readonly extensions: readonly string[];
  readonly minor: number;
}

/** Reads the start-up message without its length. Throws a ProtocolError. */
export function parseStartup(packet: Buffer): StartParameters {
  const version = packet.readInt32BE(0);
  if (version >>> 16 !== 3) throw new ProtocolError(`it speaks version ${version >>> 16} of the protocol, not 3`);
  const words = packet.toString('utf8', 4).split('\0');
  const parameters = new Map<string, string>();
  for (let at = 0; at + 1 < words.length && words[at] !== ''; at += 2) parameters.set(words[at] ?? '', words[at + 1] ?? '');
  const extensions = [...parameters.keys()].filter((name) => name.startsWith('_pq_.'));
  for (const name of extensions) parameters.delete(name);
  return { parameters, extensions, minor: version & 0xffff };
}

export interface Statement {
  readonly kind: 'query' | 'parse';
  readonly text: string;
  /** The text is only the start of the statement. */
  readonly cut: boolean;
  /** Its message is here to its end. */
  readonly whole: boolean;
}

/** A stretch of what the client has sent. */
export interface Stretch {
  readonly bytes: Buffer;
  /** The stretch begins a message that has this statement. */
  readonly statement?: Statement;
  /** The stretch is a call by the fast path, without a statement. */
  readonly functionCall?: true;
}

/** So much of a statement is looked at; what is longer passes by. */
const LOOKED_AT = 65_536;
const HEADER = 5;
/** The server's own limit for a message. */
const LONGEST = 0x3fff_ffff;

const QUERY = 'Q'.charCodeAt(0);
const PARSE = 'P'.charCodeAt(0);
const FUNCTION_CALL = 'F'.charCodeAt(0);
const TERMINATE = 'X'.charCodeAt(0);
const EXECUTE = 'E'.charCodeAt(0);

/**
 * Cuts what a client sends after its start-up into stretches: messages with a statement by themselves, all else in pieces as
 * large as they came. Only headers are looked at, and nothing is copied but a message that lies across two chunks.
 */
export class FrontendSplitter {
  /** How often a prepared statement was run. */
  executions = 0;
  /** The client has said goodbye. */
  terminated = false;
  /** Bytes of the present message that are still to come, and pass by. */
  #rest = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** So many bytes must be held before they are looked at. */
  #wanted = 0;

  /** Throws a ProtocolError. */
  *split(chunk: Buffer): Generator<Stretch> {
    if (this.#heldBytes + chunk.length < this.#wanted) return this.#hold(chunk, this.#wanted);
    const bytes = this.#heldBytes === 0 ? chunk : Buffer.concat([...this.#held, chunk]);
    this.#held = [];
    this.#heldBytes = 0;
    this.#wanted = 0;
    let from = 0; // of what passes in one piece
    let at = 0;
    for (;;) {
      const step = Math.min(this.#rest, bytes.length - at);
      at += step;
      this.#rest -= step;
      if (at === bytes.length) break;
      const wanted = bytes.length - at < HEADER ? HEADER : lookedAt(bytes, at);
      if (bytes.length - at < wanted) {
        this.#hold(bytes.subarray(at), wanted);
        break;
      }
      const type = bytes[at] ?? 0;
      const length = 1 + bytes.readInt32BE(at + 1);
      if (type === EXECUTE) this.executions += 1;
      if (type === TERMINATE) this.terminated = true;
      if (isLookedInto(type)) {
        if (at > from) yield { bytes: bytes.subarray(from, at) };
        const head = bytes.subarray(at, at + wanted);
        yield type === FUNCTION_CALL
          ? { bytes: head, functionCall: true }
          : { bytes: head, statement: statementOf(head, length) };
        at += wanted;
        from = at;
        this.#rest = length - wanted;
      } else {
        this.#rest = length;
      }
    }
    if (at > from) yield { bytes: bytes.subarray(from, at) };
  }

  /** Keeps the start of a message until so much of it is there: put together once, however small the chunks are. */
  #hold(bytes: Buffer, wanted: number): void {
    this.#wanted = wanted;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }
}

function isLookedInto(type: number): boolean {
  return type === QUERY || type === PARSE || type === FUNCTION_CALL;
}

/** How many bytes of the message at that place must be there before it can be dealt with. */
function lookedAt(bytes: Buffer, at: number): number {
  const length = bytes.readInt32BE(at + 1);
  if (length < 4 || length > LONGEST) throw new ProtocolError('a message of it has no length that a message can have');
  const type = bytes[at] ?? 0;
  // A function call is replaced as a whole; no driver makes one that is long.
  if (type === FUNCTION_CALL && length > LOOKED_AT) throw new ProtocolError('a function call of it is too long');
  return isLookedInto(type) ? 1 + Math.min(length, LOOKED_AT) : HEADER;
}

function statementOf(head: Buffer, length: number): Statement {
  const isQuery = head[0] === QUERY;
  const start = isQuery ? HEADER : head.indexOf(0, HEADER) + 1;
  if (start === 0) throw new ProtocolError('a prepared statement of it has a name that does not end');
  const end = head.indexOf(0, start);
  const kind = isQuery ? 'query' : 'parse';
  if (end === -1 && head.length === length) throw new ProtocolError('a statement of it does not end');
  const text = head.toString('utf8', start, end === -1 ? head.length : end);
  return { kind, text, cut: end === -1, whole: head.length === length };
}
