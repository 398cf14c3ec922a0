import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';

/** What is collected before it is handed on. */
const PIECE = 512 * 1024;
/** So many pieces may wait before the connection is paused. */
const MOST_WAITING = 8;

/** Pieces that come from a connection and are taken one by one; the connection waits when they are not taken. */
export class CopyStream<Item> implements AsyncIterable<Item> {
  readonly #queue: Item[] = [];
  readonly #source: () => Duplex;
  #wake: (() => void) | undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(source: () => Duplex) {
    this.#source = source;
  }

  push(item: Item): void {
    this.#queue.push(item);
    if (this.#queue.length >= MOST_WAITING) this.#source().pause();
    this.#wake?.();
  }

  end(error?: Error): void {
    this.#error ??= error;
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    for (;;) {
      const item = this.#queue.shift();
      if (item !== undefined) {
        if (this.#queue.length < MOST_WAITING / 2) this.#source().resume();
        yield item;
      } else if (this.#error !== undefined) {
        throw this.#error;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}

/** Collects the small messages of a copy into pieces of its own: the driver uses the memory of a message again. */
export class Pieces {
  readonly #give: (piece: Buffer) => void;
  #piece = Buffer.allocUnsafe(PIECE);
  #filled = 0;

  constructor(give: (piece: Buffer) => void) {
    this.#give = give;
  }

  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const copied = bytes.copy(this.#piece, this.#filled, at);
      at += copied;
      this.#filled += copied;
      if (this.#filled === PIECE) this.flush();
    }
  }

  flush(): void {
    if (this.#filled === 0) return;
    this.#give(this.#piece.subarray(0, this.#filled));
    this.#piece = Buffer.allocUnsafe(PIECE);
    this.#filled = 0;
  }
}
