import type { Change } from '@guichet/contract';
import { gateway } from '../api/gateway.ts';
import { session } from '../api/session.ts';

export type Connection = 'flowing' | 'cut';

interface Listening {
  /** Tabs of the same person share one stream. */
  readonly person: string;
  readonly onChange: (change: Change) => void;
  readonly onConnection: (connection: Connection) => void;
}

/** What the tabs tell each other. */
type Word =
  | { readonly say: 'change'; readonly change: Change }
  | { readonly say: 'connection'; readonly connection: Connection }
  | { readonly say: 'who reads?' };

/** The tab that reads has so long to say that it does: one that the system has put to sleep never says it. */
const ANSWER_MS = 5_000;
/** A tab in front asks so often. */
const ASK_MS = 30_000;
/** A stream that was refused, not cut, is asked for again by then, or a little earlier. */
const REFUSED_MS = 30_000;
/** All consoles lose a gateway that restarts at once: what they look up again is spread over so long. */
const SPREAD_MS = 1_500;

/**
 * Listens to what may have changed. A browser opens six connections to a gateway at most (HTTP/1.1): of all tabs of a person
 * one reads the stream and tells the others, or the seventh tab would wait for ever. It gives the function that ends it.
 */
export function listenToChanges({ person, onChange, onConnection }: Listening): () => void {
  const over = new AbortController();
  const tell = (word: Word): void => {
    if (word.say === 'change') onChange(word.change);
    else if (word.say === 'connection') onConnection(word.connection);
  };
  // Pages that came by plain http from another machine have no locks: each reads for itself.
  if (!('locks' in navigator)) void readStream(tell, over.signal);
  else new SharedStream(`guichet.changes.${person}`, tell, over.signal).begin();
  return () => over.abort();
}

class SharedStream {
  readonly #name: string;
  readonly #tell: (word: Word) => void;
  readonly #signal: AbortSignal;
  readonly #channel: BroadcastChannel;
  #reading: AbortController | undefined;
  #connection: Connection = 'flowing';
  #unanswered: ReturnType<typeof setTimeout> | undefined;
  /** Another tab has said that it reads; what came before that is not told. */
  #isJoined = false;

  constructor(name: string, tell: (word: Word) => void, signal: AbortSignal) {
    this.#name = name;
    this.#tell = tell;
    this.#signal = signal;
    this.#channel = new BroadcastChannel(name);
  }

  begin(): void {
    const options = { signal: this.#signal };
    this.#channel.addEventListener('message', ({ data }: MessageEvent<Word>) => this.#hear(data), options);
    const asking = setInterval(() => this.#ask(), ASK_MS);
    document.addEventListener('visibilitychange', () => this.#ask(), options);
    this.#signal.addEventListener('abort', () => {
      clearInterval(asking);
      clearTimeout(this.#unanswered);
      this.#channel.close();
    });
    void this.#queue();
    this.#ask();
  }

  async #queue(): Promise<void> {
    // Without a session there is nothing to read: whoever listens begins anew when there is one.
    while (!this.#signal.aborted && session.standing() === 'signed-in') await this.#hold({ signal: this.#signal });
  }

  /** Reads the stream for as long as the lock is this tab's. */
  async #hold(how: LockOptions): Promise<void> {
    const reading = new AbortController();
    try {
      await navigator.locks.request(this.#name, how, async () => {
        this.#reading = reading;
        clearTimeout(this.#unanswered);
        this.#unanswered = undefined;
        await readStream((word) => this.#announce(word), AbortSignal.any([this.#signal, reading.signal]));
      });
    } catch {
      // It was taken by a tab that got no answer, or is wanted no more.
    }
    reading.abort();
    if (this.#reading === reading) this.#reading = undefined;
  }

  #announce(word: Word): void {
    if (word.say === 'connection') this.#connection = word.connection;
    this.#channel.postMessage(word);
    this.#tell(word);
  }

  #hear(word: Word): void {
    if (word.say === 'who reads?') {
      if (this.#reading !== undefined)
        this.#channel.postMessage({ say: 'connection', connection: this.#connection } satisfies Word);
      return;
    }
    clearTimeout(this.#unanswered);
    this.#unanswered = undefined;
    this.#tell(word);
    if (this.#isJoined || word.say !== 'connection') return;
    this.#isJoined = true;
    this.#tell({ say: 'change', change: { kind: 'open' } });
  }

  #ask(): void {
    if (document.hidden || this.#reading !== undefined || this.#unanswered !== undefined) return;
    this.#unanswered = setTimeout(() => {
      this.#unanswered = undefined;
      if (this.#reading === undefined) void this.#hold({ steal: true });
    }, ANSWER_MS);
    this.#channel.postMessage({ say: 'who reads?' } satisfies Word);
  }
}

/** Reads it until it is wanted no more, whatever comes between. */
async function readStream(tell: (word: Word) => void, signal: AbortSignal): Promise<void> {
  let isCut = false;
  let isFirst = true;
  const say = (connection: Connection): void => {
    isCut = connection === 'cut';
    tell({ say: 'connection', connection });
  };
  while (!signal.aborted) {
    try {
      const onConnection = (status: 'cut' | 'resumed'): void => {
        if (status === 'cut') say('cut'); // that it flows again is said once what was missed is being looked up
      };
      for await (const change of gateway.changes({ signal, onConnection })) {
        if (change.kind === 'open' && !isFirst) await pause(Math.random() * SPREAD_MS, signal);
        isFirst = false;
        if (signal.aborted) return;
        if (isCut) say('flowing');
        tell({ say: 'change', change });
      }
    } catch {
      // The session is over: its dialog says so, and nothing is read until there is one again.
      if (signal.aborted || session.standing() !== 'signed-in') return;
      say('cut');
      await pause(REFUSED_MS * (0.5 + Math.random() / 2), signal);
    }
  }
}

/** Ends early when the signal is aborted. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
