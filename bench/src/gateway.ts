import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresConfigInput } from '@guichet/provider-postgres';
import type { Recorded } from './recorder.ts';

export interface BenchGateway {
  readonly url: string;
  readonly requester: string;
  readonly approver: string;
  readonly pid: number;
  /** Emits `TARGET` with the time (ms) at which the run of a change of that target entered its handler. */
  readonly entries: EventEmitter;
  /** The statements that the gateway sends while the work goes on. */
  record(work: () => Promise<void>): Promise<Recorded[]>;
  close(): Promise<void>;
  /** As a machine that loses its power. */
  kill(): Promise<void>;
}

type Ready = Pick<BenchGateway, 'url' | 'requester' | 'approver'>;

interface GatewayOptions {
  /** It also runs what is queued. */
  readonly worker: boolean;
  /** Instances of the provider `postgres`, which is not there when absent. */
  readonly postgres?: PostgresConfigInput;
  /** The folder of a built console. */
  readonly console?: string;
  /** A free one when absent. */
  readonly port?: number;
  /** On the network, beside those that are mounted. */
  readonly providers?: readonly { readonly name: string; readonly url: string }[];
}

/** A gateway in its own process on the database. */
export async function startGateway(databaseUrl: string, options: GatewayOptions): Promise<BenchGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-bench-'));
  const company = new URL('./company.yaml', import.meta.url).pathname;
  const child: ChildProcess = fork(new URL('./gateway-process.ts', import.meta.url), [
    JSON.stringify({ databaseUrl, folder, company, ...options }),
  ]);
  const entries = new EventEmitter();
  const ready = await new Promise<Ready>((resolve, reject) => {
    child.on('exit', (code) => reject(new Error(`the gateway ended with ${code}`)));
    child.on('message', (message: { ready?: Ready; entered?: { target: string; at: number }; recorded?: Recorded[] }) => {
      if (message.recorded !== undefined) entries.emit('recorded', message.recorded);
      if (message.ready !== undefined) resolve(message.ready);
      if (message.entered !== undefined) entries.emit(message.entered.target, message.entered.at);
    });
  });
  const close = async (): Promise<void> => {
    child.send('close');
    await once(child, 'exit');
  };
  const record = async (work: () => Promise<void>): Promise<Recorded[]> => {
    child.send('record');
    await work();
    const recorded = once(entries, 'recorded');
    child.send('recorded');
    return (await recorded)[0] as Recorded[]; // what the process sent above
  };
  const kill = async (): Promise<void> => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return { ...ready, pid: child.pid ?? 0, entries, record, close, kill };
}
