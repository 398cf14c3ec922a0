import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** Work that a session repeats for as long as it has a connection. */
export interface SessionOptions {
  readonly url: string;
  /** One round of work; a rejection ends the connection, and a new one begins. */
  readonly round: (client: pg.Client) => Promise<unknown>;
  /** Between two rounds, in ms. */
  readonly pauseMs: () => number;
  /** Before it connects again, in ms. */
  readonly reconnectMs: number;
  readonly signal: AbortSignal;
}

/** Keeps one session busy until the signal; a session that is ended by the server comes back. Resolves when it has stopped. */
export async function keepSession({ url, round, pauseMs, reconnectMs, signal }: SessionOptions): Promise<void> {
  while (!signal.aborted) {
    const client = new pg.Client({ connectionString: url });
    // A server that ends the session emits an error besides failing the query; the round sees it.
    client.on('error', () => {});
    const hangUp = (): void => void client.end().catch(() => {});
    signal.addEventListener('abort', hangUp, { once: true });
    try {
      await client.connect();
      while (!signal.aborted) {
        await round(client);
        await sleep(pauseMs(), undefined, { signal });
      }
    } catch {
      // Terminated, cancelled or stopped: that is what this estate is for.
    }
    signal.removeEventListener('abort', hangUp);
    await client.end().catch(() => {});
    await sleep(reconnectMs, undefined, { signal }).catch(() => {});
  }
}
