import { PermanentFailure, type ProviderLogger, stderrLogger } from '@guichet/sdk';
import { commandLine } from '../describe-session.ts';
import { InstanceError } from '../instance-error.ts';
import { finished } from './follow.ts';
import type { ReplicaRecord } from './replica-record.ts';
import { renewServerFiles } from './server-files.ts';
import { sourceOf, takeAway } from './take-away.ts';
import type { Workshop } from './workshop.ts';

/**
 * Looks after the replicas for as long as the provider runs: starts the servers that should run, finishes what a process that
 * died has begun, and never forgets what could not be taken away. Several providers may do so over one folder.
 */
export class Keeper {
  readonly #workshop: Workshop;
  readonly #logger: ProviderLogger;
  #problems: ReadonlyMap<string, string> = new Map();
  readonly #closed = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(workshop: Workshop, logger: ProviderLogger = stderrLogger) {
    this.#workshop = workshop;
    this.#logger = logger;
  }

  /** Looks now, and from now on. */
  begin(): void {
    void this.look();
    this.#timer = setInterval(() => void this.look(), this.#workshop.settings.lookSeconds * 1000).unref();
  }

  /** What is wrong with which replica, in sentences for people. */
  get problems(): string[] {
    return [...this.#problems.values()];
  }

  /** Looks after all of them once. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closed.abort();
    await this.#looking;
    await this.#workshop.servers.close();
  }

  async #look(): Promise<void> {
    const { folder } = this.#workshop;
    const found = new Map<string, string>();
    try {
      const { records, damaged } = await folder.list();
      for (const name of damaged) found.set(name, `The record of '${name}' cannot be read: ${folder.pathsOf(name).record}`);
      for (const { name } of records) {
        if (this.#closed.signal.aborted) return;
        const problem = await this.#lookAfter(name);
        if (problem !== undefined) found.set(name, problem);
      }
      await folder.sweep();
    } catch (error) {
      found.set('', `The folder of the replicas cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
    for (const [name, problem] of found) {
      if (this.#problems.get(name) !== problem) this.#logger.warn({ replica: name }, problem);
    }
    for (const name of this.#problems.keys()) {
      if (!found.has(name)) this.#logger.info({ replica: name }, `the replica '${name}' is well again, or gone`);
    }
    this.#problems = found;
  }

  async #lookAfter(name: string): Promise<string | undefined> {
    try {
      // Somebody who is at work on it sees to it.
      return await this.#workshop.ifFree(name, async () => {
        const record = await this.#workshop.folder.read(name);
        return record === undefined ? undefined : await this.#mend(record);
      });
    } catch (error) {
      const remedy = error instanceof InstanceError ? ` ${error.remedy}` : '';
      return `'${name}': ${error instanceof Error ? error.message : String(error)}${remedy}`;
    }
  }

  async #mend(record: ReplicaRecord): Promise<string | undefined> {
    const { servers, folder, settings, account } = this.#workshop;
    const { signal } = this.#closed;
    if (record.state === 'copying' || record.state === 'deleting') {
      await takeAway(this.#workshop, record, { signal, log: () => {} });
      return undefined;
    }
    const source = await sourceOf(this.#workshop, record);
    if (source === undefined) {
      return `'${record.name}' runs on, but its source '${record.source}' is not in the inventory, so nothing is known of its logins.`;
    }
    // The source may have moved since, or its password may have been changed.
    const paths = folder.pathsOf(record.name);
    if (await renewServerFiles({ record, paths, source, replicas: settings, account })) await servers.renew(record);
    if (record.state === 'ready') await servers.start(record);
    else if (!(await this.#finish(record))) return undefined;
    const complaint = servers.complaint(record);
    if (complaint === undefined) return undefined;
    // What it needs is gone from the source: it cannot come back.
    const again =
      /already been removed|invalidated|replication slot .* does not exist|can no longer access replication slot|cannot read from physical replication slot/.test(
        complaint,
      )
        ? ` Delete it, and make it again: ${commandLine('delete-read-replica', { instance: record.name, env: record.environment })}`
        : '';
    return `'${record.name}' does not follow its source: ${complaint}${again}`;
  }

  /** False when it could not be, and was taken away: nobody has used it yet. */
  async #finish(record: ReplicaRecord): Promise<boolean> {
    try {
      await finished(this.#workshop, await this.#workshop.estate.find(record.environment, record.source), record);
      return true;
    } catch (error) {
      if (!(error instanceof PermanentFailure)) throw error;
      this.#logger.warn({ replica: record.name }, error.message);
      await takeAway(this.#workshop, record, { signal: this.#closed.signal, log: () => {} });
      return false;
    }
  }
}
