import type { Database } from '../db/index.ts';
import type { RequestRow } from './row.ts';
import { readingEvents, readingOf, type StoredEvent } from './store.ts';

/** A request as it stood, and then its events after a number: all up to the state that it is in are among them. */
export interface Look {
  readonly row: RequestRow | undefined;
  readonly events: readonly StoredEvent[];
  /** False when there were more events than one look takes: look again. */
  readonly whole: boolean;
}

const MOST = 500;

interface Pending {
  after: number;
  readonly look: Promise<Look>;
}

/**
 * Looks at requests for many watchers at once. An event wakes all who watch a request in the same moment: those whose
 * look has not begun yet share one, from the earliest event that any of them wants, so that an event costs one
 * round trip however many watch. A look that has begun is shared with nobody who comes later: it may be too old for them.
 */
export class RequestFeed {
  readonly #db: Database;
  readonly #pending = new Map<string, Pending>();

  constructor(db: Database) {
    this.#db = db;
  }

  async look(number: string, after: number): Promise<Look> {
    const known = this.#pending.get(number);
    if (known !== undefined) {
      known.after = Math.min(known.after, after);
      return since(await known.look, after);
    }
    const pending: Pending = { after, look: nextTurn().then(() => this.#read(number, pending)) };
    this.#pending.set(number, pending);
    return since(await pending.look, after);
  }

  async #read(number: string, pending: Pending): Promise<Look> {
    this.#pending.delete(number); // who comes from here on gets a look of their own
    // The state first: what led to it is among the events that are read after it.
    const [[row], events] = await this.#db.queryTogether<[RequestRow, StoredEvent]>(
      readingOf(number),
      readingEvents(number, pending.after, MOST),
    );
    return { row, events, whole: events.length < MOST };
  }
}

const since = ({ events, ...look }: Look, after: number): Look => ({
  ...look,
  events: events.filter(({ number }) => number > after),
});

/** All who were woken by the same event have asked by then. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
