import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  type Account,
  type Guard,
  guardKept,
  type KeptServer,
  keptServer,
  LaunchFailure,
  startKept,
  stopKept,
} from '@guichet/postgres-server';
import { PermanentFailure } from '@guichet/sdk';
import type { ReplicasSettings } from './config.ts';
import type { ReplicaFolder } from './replica-folder.ts';
import type { ReplicaRecord } from './replica-record.ts';

interface Place {
  readonly folder: ReplicaFolder;
  readonly settings: ReplicasSettings;
  readonly account: Account | undefined;
  /** The folder with `bin` for a server of a major version. */
  binaries(major: number): Promise<string>;
}

/** The servers of the replicas: processes of their own, which live on when the provider ends, unless the configuration says otherwise. */
export class ReplicaServers {
  readonly #place: Place;
  /** Of those that this process has started and that end with it. */
  readonly #guards = new Map<string, { readonly guard: Guard; readonly pid: number }>();

  constructor(place: Place) {
    this.#place = place;
  }

  running({ name }: Pick<ReplicaRecord, 'name'>): KeptServer | undefined {
    return keptServer(this.#place.folder.pathsOf(name).dataDir);
  }

  /** Starts the server unless it runs. Rejects with a PermanentFailure that says why it does not. */
  async start({ name, version }: ReplicaRecord): Promise<KeptServer> {
    const running = this.running({ name });
    if (running !== undefined) return running;
    this.#release(name);
    const { folder, account, settings } = this.#place;
    const paths = folder.pathsOf(name);
    const binaries = await this.#place.binaries(Math.floor(version / 10_000));
    try {
      const server = await startKept({ binaries, dataDir: paths.dataDir, logFile: paths.log, account });
      if (settings.endWithProvider) this.#guards.set(name, { guard: guardKept(server, account), pid: server.pid });
      return server;
    } catch (error) {
      if (!(error instanceof LaunchFailure)) throw error;
      throw this.failure(name, error.log);
    }
  }

  /** Lets a server that runs heed files that have changed. */
  async renew(record: ReplicaRecord): Promise<void> {
    const server = this.running(record);
    if (server === undefined) return;
    // Before PostgreSQL 13 a standby looks for its source only when it starts.
    if (record.version < 130_000) await this.stop(record);
    else process.kill(server.pid, 'SIGHUP');
  }

  async stop({ name }: Pick<ReplicaRecord, 'name'>): Promise<void> {
    await stopKept(this.#place.folder.pathsOf(name).dataDir);
    this.#release(name);
  }

  /** Ends those that end with the provider. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.#guards].map(async ([name, { pid }]) => {
        // Another process may have started it again meanwhile: that one is not ours.
        if (this.running({ name })?.pid === pid) await this.stop({ name });
        else this.#release(name);
      }),
    );
  }

  /** Why a server has ended, in its own words. */
  failure(name: string, log: string): PermanentFailure {
    const lines = log.split('\n').filter((line) => line.trim() !== '' && !USUAL.test(line));
    const said = lines.slice(-4).map(plainWords).join(' ').slice(0, 1000);
    return new PermanentFailure(`The server of the replica '${name}' did not start: ${said || 'it said nothing'}`, {
      remedy: /Address already in use/.test(log)
        ? 'Another program has its port; look at replicas.ports in the configuration of the provider.'
        : 'Mend what it says, then file the request again.',
    });
  }

  /** Why the server does not follow its source, as far as it has said; undefined when it has not. */
  complaint({ name }: Pick<ReplicaRecord, 'name'>): string | undefined {
    const lines = endOf(this.#place.folder.pathsOf(name).log).split('\n');
    const last = lines.findLast((line) => FOLLOWS.test(line) || DOES_NOT_FOLLOW.test(line));
    return last === undefined || FOLLOWS.test(last) ? undefined : plainWords(last).slice(0, 500);
  }

  #release(name: string): void {
    this.#guards.get(name)?.guard.release();
    this.#guards.delete(name);
  }
}

/** What a server says at every start and end. */
const USUAL = /starting PostgreSQL|listening on|database system (?:is|was)|entering standby mode|redo starts|shutting down/;

const FOLLOWS = /LOG: +(?:started streaming|starting PostgreSQL)/;
/** Of the process that receives the WAL; sessions of people end with other words. */
const DOES_NOT_FOLLOW = /PANIC: |FATAL: +(?:could not|database system identifier|highest timeline|recovery )/;

/** What a log says last. */
function endOf(path: string): string {
  const most = Buffer.alloc(64 * 1024);
  try {
    const file = openSync(path, 'r');
    try {
      const read = readSync(file, most, 0, most.length, Math.max(0, fstatSync(file).size - most.length));
      return most.toString('utf8', 0, read);
    } finally {
      closeSync(file);
    }
  } catch {
    return ''; // it has said nothing yet
  }
}

/** A line of a server's log without time and process. */
function plainWords(line: string): string {
  return line.replace(/^.*?\[\d+\] /, '').trim();
}
