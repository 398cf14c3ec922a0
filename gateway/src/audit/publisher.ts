import { setTimeout as wait } from 'node:timers/promises';
import { GuichetError } from '@guichet/contract';
import { type AuditHead, headHash } from '@guichet/contract/audit-log';
import type { Database } from '../db/index.ts';
import type { HeldKey } from './audit-keys.ts';
import { declarationOf } from './declarations.ts';
import { type HeadDestination, OtherHead } from './destinations.ts';
import { HEADS_AFTER } from './seal-statements.ts';

const AT_ONCE = 500;
/** How long what is on its way may take when the gateway stops; after that the next one tells it. */
const STOPS_WITHIN_MS = 3000;
const PAUSES_MS = [1000, 5000, 30_000] as const;

export interface Fork {
  readonly destination: string;
  readonly published: AuditHead;
  /** The last head that the database has. */
  readonly after: number;
}

export interface Lateness {
  readonly destination: string;
  readonly seconds: number;
}

/** Tells heads to each destination, in order, each at its own pace: one that is away holds up nothing else. */
export class HeadPublisher {
  readonly #db: Database;
  readonly #keys: () => Promise<readonly HeldKey[]>;
  readonly #onError: (error: unknown) => void;
  readonly #lanes: Lane[];
  #problem: string | undefined;

  constructor({
    db,
    keys,
    destinations,
    onError,
  }: {
    db: Database;
    /** Of the log: what they have not signed declares nothing. */
    keys: () => Promise<readonly HeldKey[]>;
    destinations: readonly HeadDestination[];
    onError: (error: unknown) => void;
  }) {
    this.#db = db;
    this.#keys = keys;
    this.#onError = onError;
    this.#lanes = destinations.map(
      (destination) =>
        new Lane(destination, {
          after: (last) => this.#after(destination, last),
          onError: (error) => {
            if (error instanceof OtherHead) this.#problem = error.message;
            onError(error);
          },
        }),
    );
  }

  /** That what was published is not there any more. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get late(): Lateness[] {
    return this.#lanes.map(({ destination, late }) => ({ destination: destination.name, seconds: late }));
  }

  wake(): void {
    for (const lane of this.#lanes) lane.wake();
  }

  /** Lets what is on its way arrive. */
  async stop(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
  }

  /**
   * The latest published head that the database does not have. A destination that cannot be asked does not say so; rejects
   * when none can be, for then nothing says that the end of the log is there.
   */
  async fork(last: AuditHead | undefined, headOf: (number: number) => Promise<AuditHead | undefined>): Promise<Fork | undefined> {
    let found: Fork | undefined;
    const silent: unknown[] = [];
    for (const { destination } of this.#lanes) {
      const published = await destination.last(true).catch((error: unknown) => {
        this.#onError(error);
        silent.push(error);
      });
      if (!published) continue;
      const same = published.number <= (last?.number ?? 0) ? await headOf(published.number) : undefined;
      if (same !== undefined && headHash(same) === headHash(published)) continue;
      if (published.number <= (found?.published.number ?? 0) || (await this.#declarationOf(published)) !== undefined) continue;
      found = { destination: destination.name, published, after: last?.number ?? 0 };
    }
    if (silent.length > 0 && silent.length === this.#lanes.length) throw silent[0];
    return found;
  }

  #declarationOf(lost: AuditHead): Promise<AuditHead | undefined> {
    return declarationOf(this.#db, { lost, keys: this.#keys });
  }

  /** The heads that come after one that was published; when that one was lost by a restore, from its declaration on. */
  async #after({ name }: HeadDestination, last: AuditHead | undefined): Promise<AuditHead[]> {
    const from = (number: number): Promise<AuditHead[]> =>
      this.#db.query<{ head: AuditHead }>(HEADS_AFTER, [number, AT_ONCE]).then((rows) => rows.map(({ head }) => head));
    if (last === undefined) return from(0);
    const [same, ...following] = await from(last.number - 1);
    if (same !== undefined && headHash(same) === headHash(last)) return following;
    const declaration = await this.#declarationOf(last);
    if (declaration !== undefined) return from(declaration.number - 1);
    this.#problem = `${name} has head ${last.number} of the audit log (${last.at}), which the database does not have: nothing more is told to it`;
    throw new GuichetError('internal', `${this.#problem}.`, {
      remedy: "Run the gateway's own 'verify-audit' with --heads, and find out who has changed the database.",
    });
  }
}

class Lane {
  readonly destination: HeadDestination;
  readonly #after: (last: AuditHead | undefined) => Promise<AuditHead[]>;
  readonly #onError: (error: unknown) => void;
  readonly #stop = new AbortController();
  readonly #hurry = new AbortController();
  #running: Promise<void> | undefined;
  #again = false;
  #since: number | undefined;

  constructor(
    destination: HeadDestination,
    { after, onError }: { after: (last: AuditHead | undefined) => Promise<AuditHead[]>; onError: (error: unknown) => void },
  ) {
    this.destination = destination;
    this.#after = after;
    this.#onError = onError;
  }

  /** Seconds since there is something that it was not told. */
  get late(): number {
    return this.#since === undefined ? 0 : (performance.now() - this.#since) / 1000;
  }

  wake(): void {
    this.#again = true;
    this.#since ??= performance.now();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    const hurry = setTimeout(() => this.#hurry.abort(), STOPS_WITHIN_MS);
    await this.#running;
    clearTimeout(hurry);
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#again; ) {
      this.#again = false;
      try {
        await this.#catchUp();
        failures = 0;
        if (!this.#again) this.#since = undefined;
      } catch (error) {
        if (failures === 0) this.#onError(error); // said once until it is well again
        if (this.#stop.signal.aborted) return;
        await wait(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)], undefined, { signal: this.#stop.signal }).catch(() => {}); // stopped
        failures += 1;
        this.#again = true;
      }
    }
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      const last = await this.destination.last();
      const heads = await this.#after(last);
      if (heads.length === 0) return;
      await this.destination.append(heads, this.#hurry.signal);
    }
  }
}
