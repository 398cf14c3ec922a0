/** Longer frames are refused by whoever would read them. */
const LONGEST = 4 * 1024 * 1024 + 14;
const CONTINUATION = 0;
const BINARY = 2;
const CONTROL = 8;

export interface FrameEvents {
  /** A binary frame, whole: its bytes as they came, and how many of them are payload. */
  readonly onBinary: (pieces: readonly Buffer[], payload: number) => void;
  /** Bytes of all other frames, in order. */
  readonly onOther: (piece: Buffer) => void;
}

/**
 * Follows the frames (RFC 6455, 5.2) in the bytes that a WebSocket server sends, without copying any: binary frames are taken
 * out, so that they can be passed on as they are. Until `takeBinary` all frames are others.
 */
export class FrameWalker {
  takeBinary = false;
  readonly #events: FrameEvents;
  readonly #head = Buffer.alloc(10);
  #headBytes = 0;
  #headLength = 2;
  /** Payload of the frame that is still to come; -1 in its head. */
  #left = -1;
  #payload = 0;
  /** Of the message that the frame is a part of. */
  #isBinary = false;
  /** What there is of the frame so far, where it may be taken out. */
  #pieces: Buffer[] | undefined;

  constructor(events: FrameEvents) {
    this.#events = events;
  }

  /** Throws for what no server sends. */
  take(chunk: Buffer): void {
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#left < 0) {
        if (this.#headBytes === 0) this.#pieces = this.takeBinary ? [] : undefined;
        at = this.#readHead(chunk, at);
      } else {
        const bytes = Math.min(this.#left, chunk.length - at);
        this.#left -= bytes;
        at += bytes;
      }
      if (this.#left !== 0) continue;
      this.#add(chunk.subarray(from, at));
      this.#complete();
      from = at;
    }
    if (from < chunk.length) this.#add(chunk.subarray(from));
  }

  #readHead(chunk: Buffer, at: number): number {
    this.#head[this.#headBytes] = chunk[at] ?? 0;
    this.#headBytes += 1;
    const length = (this.#head[1] ?? 0) & 0x7f;
    if (this.#headBytes === 2) this.#headLength = length === 126 ? 4 : length === 127 ? 10 : 2;
    if (this.#headBytes < this.#headLength) return at + 1;
    if (((this.#head[1] ?? 0) & 0x80) !== 0) throw new Error('A server masks no frames.');
    this.#payload = length === 126 ? this.#head.readUInt16BE(2) : length === 127 ? Number(this.#head.readBigUInt64BE(2)) : length;
    if (this.#payload > LONGEST) throw new Error('The frame is too long.');
    const opcode = (this.#head[0] ?? 0) & 0x0f;
    if (opcode < CONTROL && opcode !== CONTINUATION) this.#isBinary = opcode === BINARY;
    this.#left = this.#payload;
    return at + 1;
  }

  #add(piece: Buffer): void {
    if (this.#pieces === undefined) this.#events.onOther(piece);
    else this.#pieces.push(piece);
  }

  #complete(): void {
    const pieces = this.#pieces;
    const opcode = (this.#head[0] ?? 0) & 0x0f;
    this.#pieces = undefined;
    this.#headBytes = 0;
    this.#headLength = 2;
    this.#left = -1;
    if (pieces === undefined) return;
    if (this.#isBinary && opcode < CONTROL) this.#events.onBinary(pieces, this.#payload);
    else for (const piece of pieces) this.#events.onOther(piece);
  }
}
