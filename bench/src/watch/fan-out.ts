import { type ChildProcess, fork } from 'node:child_process';
import pg from 'pg';

export interface FanOut {
  readonly url: string;
  readonly child: ChildProcess;
  /** Sends what every stream is to show. */
  notify(text: string): Promise<void>;
}

/** The least that watching takes: a process that listens to PostgreSQL and writes what comes to all its streams. */
export async function startFanOut(databaseUrl: string): Promise<FanOut> {
  const child = fork(new URL('./fan-out-process.ts', import.meta.url), [databaseUrl]);
  const url = await new Promise<string>((resolve, reject) => {
    child.on('message', (message) => resolve(String(message)));
    child.on('exit', (code) => reject(new Error(`the floor ended with ${code}`)));
  });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  child.on('exit', () => void client.end());
  const notify = async (text: string): Promise<void> => {
    await client.query({ name: 'notify', text: "select pg_notify('bench_watch', $1)", values: [text] });
  };
  return { url, child, notify };
}
