import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { terminalLine } from '@guichet/gateway';
import { type KeptProcess, keepProcess } from './kept-process.ts';

export interface OrdersOptions {
  readonly home: string;
  readonly port: number;
  readonly gatewayUrl: string;
  /** Aborts when everything is to end. */
  readonly signal: AbortSignal;
}

/** Starts the orders service as a process of its own, as it would be in a company; it speaks to the gateway over HTTP. */
export function startOrders(options: OrdersOptions): Promise<KeptProcess> {
  const { signal } = options;
  return keepProcess({ name: 'the orders service', spawn: () => spawnOrders(options), served, signal, stopMs: 5000 });
}

function spawnOrders({ home, port, gatewayUrl }: OrdersOptions): ChildProcess {
  const main = fileURLToPath(new URL('./orders/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ORDERS_PORT: String(port), GUICHET_URL: gatewayUrl, ORDERS_DATA: join(home, 'orders') },
  });
  // It logs for programs; here people read.
  createInterface({ input: child.stderr }).on('line', (line) => process.stderr.write(readable(line)));
  return child;
}

function readable(line: string): string {
  try {
    return terminalLine(line);
  } catch {
    return `${line}\n`; // what Node itself says
  }
}

async function served(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the orders service ended with ${code}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('serving on')) resolve();
    });
  });
}
