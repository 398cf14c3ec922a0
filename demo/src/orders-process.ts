import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface OrdersOptions {
  readonly home: string;
  readonly port: number;
  readonly gatewayUrl: string;
  /** Aborts when everything is to end. */
  readonly signal: AbortSignal;
}

export interface OrdersProcess {
  stop(): Promise<void>;
}

const AGAIN_MS = 2000;

/**
 * Starts the orders service as a process of its own, as it would be in a company; it speaks to the gateway over HTTP.
 * One that ends by itself is started again.
 */
export async function startOrders(options: OrdersOptions): Promise<OrdersProcess> {
  const stopped = new AbortController();
  let child = spawnOrders(options);
  const keep = (current: ChildProcess): void => {
    current.once('exit', () => {
      // Ctrl-C reaches the whole group of processes: it may have ended of that before it was told to.
      if (stopped.signal.aborted || options.signal.aborted) return;
      process.stderr.write('· the orders service has ended; starting it again\n');
      void sleep(AGAIN_MS, undefined, { signal: stopped.signal }).then(
        () => {
          child = spawnOrders(options);
          keep(child);
        },
        () => {}, // stopped meanwhile
      );
    });
  };
  await served(child);
  keep(child);
  return {
    stop: async () => {
      stopped.abort();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await exited;
      clearTimeout(late);
    },
  };
}

function spawnOrders({ home, port, gatewayUrl }: OrdersOptions): ChildProcess {
  const main = fileURLToPath(new URL('./orders/main.ts', import.meta.url));
  return spawn(process.execPath, [main], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ORDERS_PORT: String(port), GUICHET_URL: gatewayUrl, ORDERS_DATA: join(home, 'orders') },
  });
}

async function served(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the orders service ended with ${code}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('serving on')) resolve();
    });
  });
}
