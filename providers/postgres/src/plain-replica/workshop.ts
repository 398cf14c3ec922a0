import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, availableMajors, binariesOf, type Major, serverAccount } from '@guichet/postgres-server';
import { RetryableFailure } from '@guichet/sdk';
import type { Estate } from '../estate.ts';
import type { ReplicasSettings } from './config.ts';
import { ReplicaFolder } from './replica-folder.ts';
import { lockReplica } from './replica-lock.ts';
import { ReplicaServers } from './replica-servers.ts';

/** Another work on the same replica is waited for so long, in ms: the keeper's is short. */
const LOCK_MS = 10_000;

/** What everything that makes and keeps replicas works with. */
export class Workshop {
  readonly settings: ReplicasSettings;
  readonly estate: Estate;
  readonly folder: ReplicaFolder;
  readonly servers: ReplicaServers;
  readonly account: Account | undefined = serverAccount();

  constructor(settings: ReplicasSettings, estate: Estate) {
    this.settings = settings;
    this.estate = estate;
    this.folder = new ReplicaFolder(settings.folder);
    this.servers = new ReplicaServers(this);
  }

  /** Runs the work while nobody else changes that replica, in any process. Rejects with a RetryableFailure when somebody does. */
  async alone<Value>(name: string, signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
    const until = performance.now() + LOCK_MS;
    for (;;) {
      using lock = lockReplica(this.folder.root, name);
      if (lock !== undefined) return await work();
      if (performance.now() > until) {
        throw new RetryableFailure(`Another run is at work on the replica '${name}'.`, {
          remedy: 'Try again when it has ended.',
        });
      }
      await sleep(50, undefined, { signal });
    }
  }

  /** The same when nobody is at work on it now; else undefined, at once. */
  async ifFree<Value>(name: string, work: () => Promise<Value>): Promise<Value | undefined> {
    using lock = lockReplica(this.folder.root, name);
    return lock === undefined ? undefined : await work();
  }

  /** Whether a server of that major version can be started here. */
  hasBinaries(major: number): boolean {
    return this.settings.binaries[String(major)] !== undefined || availableMajors().some((available) => available === major);
  }

  /** The folder with `bin` for a server of that major version. */
  async binaries(major: number): Promise<string> {
    const configured = this.settings.binaries[String(major)];
    if (configured !== undefined) return configured;
    // Other numbers are refused there, with the versions that are installed.
    return binariesOf(major as Major, this.account);
  }
}
