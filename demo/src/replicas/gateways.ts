import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { keepEmbedded } from '@guichet/gateway';
import { freePort } from '@guichet/postgres-server';
import { isFree } from '../free-port.ts';
import { CLIENT_SECRET } from '../gateway-config.ts';
import { type KeptProcess, keepProcess } from '../kept-process.ts';
import { type Balancer, startBalancer } from './balancer.ts';

const MAIN = fileURLToPath(new URL('../../../gateway/src/main.ts', import.meta.url));
const POLL_MS = 100;
/** Longer than all of its drains. */
const STOP_MS = 70_000;
const CHECK_MS = 250;

export interface ReplicasOptions {
  readonly home: string;
  readonly count: number;
  /** Of the balancer; the gateways take the ones from ten above on, or others that are free. */
  readonly port: number;
  /** A PostgreSQL of yours; one of our own when absent. */
  readonly databaseUrl: string | undefined;
  /** Writes the configuration of the gateway with this number, and gives its path. */
  readonly configure: (gateway: {
    number: number;
    port: number;
    publicUrl: string;
    databaseUrl: string;
    announceMs: number;
  }) => Promise<string>;
  readonly clientSecret: string;
  readonly signal: AbortSignal;
}

export interface Replica {
  readonly number: number;
  readonly url: string;
  readonly logFile: string;
  readonly process: KeptProcess;
}

export interface Replicas {
  readonly url: string;
  readonly gateways: readonly Replica[];
  stop(): Promise<void>;
}

/** Starts gateways as processes on one PostgreSQL, and a small load balancer before them. */
export async function startReplicas(options: ReplicasOptions): Promise<Replicas> {
  const { home, count, port } = options;
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    // All gateways at once: each waits for its calls and runs.
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const databaseUrl = options.databaseUrl ?? (await ownDatabase(home, closers));
    const publicUrl = `http://127.0.0.1:${port}`;
    const gateways: Replica[] = [];
    closers.push(() => Promise.all(gateways.map(({ process }) => process.stop())));
    for (let number = 1; number <= count; number++)
      gateways.push(await startReplica(number, { ...options, databaseUrl, publicUrl }));
    const balancer = await balance(port, gateways);
    closers.push(() => balancer.close());
    return { url: balancer.url, gateways, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function ownDatabase(home: string, closers: (() => Promise<unknown>)[]): Promise<string> {
  const onError = (error: unknown): void => say(error instanceof Error ? error.message : String(error));
  const { url, stop } = await keepEmbedded({ dataDir: join(home, 'gateway-db'), port: undefined, onError });
  closers.push(stop);
  return url;
}

async function startReplica(
  number: number,
  {
    home,
    port: first,
    configure,
    publicUrl,
    databaseUrl,
    clientSecret,
    signal,
  }: ReplicasOptions & { databaseUrl: string; publicUrl: string },
): Promise<Replica> {
  const wanted = first + 10 + number;
  const port = wanted <= 65_535 && (await isFree(wanted)) ? wanted : await freePort();
  // Twice the time in which the balancer has looked.
  const config = await configure({ number, port, publicUrl, databaseUrl, announceMs: 4 * CHECK_MS });
  const url = `http://127.0.0.1:${port}`;
  const logFile = join(home, `gateway-${number}.log`);
  const start = (): ChildProcess => {
    const log = openSync(logFile, 'a', 0o600);
    const child = spawn(process.execPath, ['--no-turbo-inline-js-wasm-calls', MAIN, '--config', config], {
      stdio: ['ignore', log, 'inherit'],
      env: { ...process.env, [CLIENT_SECRET]: clientSecret },
    });
    closeSync(log);
    return child;
  };
  const name = `gateway ${number}`;
  const served = (child: ChildProcess): Promise<void> => untilReady(url, { child, name });
  return { number, url, logFile, process: await keepProcess({ name, spawn: start, served, signal, stopMs: STOP_MS }) };
}

async function untilReady(url: string, { child, name }: { child: ChildProcess; name: string }): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const { ok } = await fetch(`${url}/readyz`).catch(() => ({ ok: false }));
    if (ok) return;
    await sleep(POLL_MS);
  }
  throw new Error(`${name} ended before it was ready`);
}

function balance(port: number, gateways: readonly Replica[]): Promise<Balancer> {
  const seen = new Set<string>();
  return startBalancer({
    port,
    gateways: gateways.map(({ url }) => url),
    checkMs: CHECK_MS,
    onChange: (url, isReady) => {
      const number = gateways.find((gateway) => gateway.url === url)?.number;
      if (seen.has(url)) say(`gateway ${number} ${isReady ? 'takes calls again' : 'takes no calls'}`);
      seen.add(url);
    },
  });
}

const say = (text: string): void => void process.stdout.write(`· ${text}\n`);
