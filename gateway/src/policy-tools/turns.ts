import { setTimeout } from 'node:timers/promises';

/**
 * Work that holds everything else up while it goes on, one piece at a time: after each, others have their turn for twice
 * as long as it took. So whoever asks for much waits for themselves, and not the whole gateway for them.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<Result>(work: () => Result): Promise<Result> {
    let tookMs = 0;
    const turn = this.#last.then(() => {
      const began = performance.now();
      try {
        return work();
      } finally {
        tookMs = performance.now() - began;
      }
    });
    const rest = (): Promise<void> => setTimeout(2 * tookMs, undefined, { ref: false });
    this.#last = turn.then(rest, rest);
    return turn;
  }
}
