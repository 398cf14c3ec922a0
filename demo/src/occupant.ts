import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GuichetError } from '@guichet/contract';
import { processBirth } from '@guichet/postgres-server';

const fileOf = (home: string): string => join(home, 'running');

/** Refuses when another `npm start` lives in the folder: its data must not be shared, and not be cleared under it. */
export async function refuseOccupied(home: string): Promise<void> {
  const text = await readFile(fileOf(home), 'utf8').catch(() => '');
  const [pid = '', birth] = text.trim().split(' ');
  if (birth === undefined || processBirth(Number(pid)) !== birth) return;
  throw new GuichetError('config.invalid', `Guichet is running already on ${home} (process ${pid}).`, {
    remedy: 'Stop it with Ctrl-C where it runs, or keep other data: npm start -- --port 4500 --data DIR',
  });
}

/** Marks the folder as this process's. */
export async function occupy(home: string): Promise<void> {
  await writeFile(fileOf(home), `${process.pid} ${processBirth(process.pid)}\n`);
}

export async function leave(home: string): Promise<void> {
  await rm(fileOf(home), { force: true });
}

/** All that the demo ever puts into its folder. Whatever else lies there is somebody's, and stays. */
const OURS = [
  'cli.credentials',
  'cli.json',
  'estate-pg1',
  'estate-pg2',
  'gateway-db',
  'grant.key',
  'guichet.yaml',
  ...Array.from({ length: 9 }, (_, index) => [`gateway-${index + 1}.log`, `guichet-${index + 1}.yaml`]).flat(),
  'orders',
  'replicas',
  'running',
  'sealing.key',
];

/** Forgets all data of the demo. */
export async function clear(home: string): Promise<void> {
  for (const name of OURS) await rm(join(home, name), { recursive: true, force: true });
}
