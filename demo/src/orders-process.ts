import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface OrdersProcess {
  stop(): Promise<void>;
}

/** Starts the orders service as a process of its own, as it would be in a company; it speaks to the gateway over HTTP. */
export async function startOrders({
  home,
  port,
  gatewayUrl,
}: {
  home: string;
  port: number;
  gatewayUrl: string;
}): Promise<OrdersProcess> {
  const main = fileURLToPath(new URL('./orders/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ORDERS_PORT: String(port), GUICHET_URL: gatewayUrl, ORDERS_DATA: join(home, 'orders') },
  });
  await served(child);
  return {
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await exited;
      clearTimeout(late);
    },
  };
}

async function served(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the orders service ended with ${code}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('serving on')) resolve();
    });
  });
}
