import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '@guichet/postgres-server';

const AGAIN_MS = 1000;

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** A free one when absent. */
  readonly port: number | undefined;
  readonly onError: (error: unknown) => void;
}

/**
 * The PostgreSQL that comes along, kept running: when its server ends and nobody stopped it, it is started again on the
 * same port, so that its URL stays good. Rejects only when the first start fails.
 */
export async function keepEmbedded({
  dataDir,
  port,
  onError,
}: EmbeddedOptions): Promise<{ url: string; stop: () => Promise<void> }> {
  const stopped = new AbortController();
  let server = await startPostgres({ dataDir, ...(port !== undefined && { port }) });
  const watch = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await server.exited;
      if (stopped.signal.aborted) return;
      onError(new Error('the embedded PostgreSQL has ended; it is started again'));
      server = await again(server);
    }
  };
  const again = async (ended: PostgresServer): Promise<PostgresServer> => {
    while (!stopped.signal.aborted) {
      try {
        return await startPostgres({ dataDir, port: ended.port });
      } catch (error) {
        onError(error);
        await sleep(AGAIN_MS, undefined, { signal: stopped.signal }).catch(() => {});
      }
    }
    return ended;
  };
  const watching = watch();
  const stop = async (): Promise<void> => {
    stopped.abort();
    await server.stop();
    await watching;
    await server.stop(); // the one that was being started when we were told to stop
  };
  return { url: server.url, stop };
}
