import { setTimeout as wait } from 'node:timers/promises';
import { type AuditHead, headHash } from '@guichet/contract/audit-log';
import pg from 'pg';
import { type Bus, type Database, statement } from '../db/index.ts';
import { type HeldKey, type KeyVault, loadAuditKeys } from './audit-keys.ts';
import { type AuditSettings, destinationsOf } from './config.ts';
import type { HeadDestination } from './destinations.ts';
import { LogSealer } from './log-sealer.ts';
import { HeadPublisher, type Lateness } from './publisher.ts';
import { acceptedRestore, noteLost } from './restore.ts';
import { HEADS_AFTER } from './seal-statements.ts';

/** One sealer among all gateways of a database; any number that no other lock has. */
const LOCK = 7_283_463;
const NEWS_MS = 1000;
/** How soon news is seen after a silence; a silent log costs so few looks. */
const IDLE_MS = 4000;
/** What somebody hears of is being written: by then it is. */
const SETTLES_MS = 200;
const RETRY_MS = 5000;
const KIDS = statement('audit-key-ids', 'select kid from audit_keys order by created_at');

export interface SealLoopOptions<Envelope> {
  readonly url: string;
  readonly db: Database;
  readonly vault: KeyVault<Envelope>;
  readonly destinations: readonly HeadDestination[];
  readonly onNews: (message: string) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Seals the log every second while there is news, in one of all gateways: the one whose connection holds the lock. When that
 * gateway dies, so does its connection, and another one takes over.
 */
export class SealLoop<Envelope> {
  readonly #options: SealLoopOptions<Envelope>;
  readonly #stop = new AbortController();
  #nudge = new AbortController();
  #running: Promise<void> | undefined;
  #keys: readonly HeldKey[] = [];
  #problem: string | undefined;
  #said: string | undefined;
  #publisher: HeadPublisher | undefined;
  /** The last head that this gateway wrote: whoever cuts the log before it was published is found too. */
  #written: AuditHead | undefined;

  constructor(options: SealLoopOptions<Envelope>) {
    this.#options = options;
  }

  /** Why this gateway does not seal, when it should. */
  get problem(): string | undefined {
    return this.#problem ?? this.#publisher?.problem;
  }

  /** How late each destination is told; empty while another gateway seals. */
  get late(): readonly Lateness[] {
    return this.#publisher?.late ?? [];
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Something was written: no need to wait for the next look. */
  wake(): void {
    this.#nudge.abort();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#lead().catch((error: unknown) => this.#tell(error));
      await this.#pause(RETRY_MS);
    }
  }

  /** The same trouble again and again is told once. */
  #tell(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    this.#problem = message;
    if (this.#said !== message) this.#options.onError(error);
    this.#said = message;
  }

  async #pause(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.#stop.signal }).catch(() => {}); // stopped: no need to wait
  }

  /** Until somebody says that there is news, or it is time to look. */
  async #idle(): Promise<void> {
    this.#nudge = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, this.#nudge.signal]);
    await wait(IDLE_MS, undefined, { signal }).catch(() => {}); // woken or stopped
    if (this.#nudge.signal.aborted) await this.#pause(SETTLES_MS);
  }

  /** Until the connection breaks, or the gateway stops. */
  async #lead(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: 'guichet-sealer',
      keepAlive: true,
      connectionTimeoutMillis: 3000,
      query_timeout: 60_000,
      options: '-c idle_in_transaction_session_timeout=60000',
    });
    client.on('error', () => {}); // the next statement fails
    let publisher: HeadPublisher | undefined;
    try {
      await client.connect();
      while (!(await isLeader(client))) {
        this.#problem = undefined;
        await this.#pause(RETRY_MS);
        if (this.#stop.signal.aborted) return;
      }
      const sealer = new LogSealer({ client, keys: () => this.#heldKeys() });
      publisher = new HeadPublisher({ ...this.#options, keys: () => this.#heldKeys() });
      this.#publisher = publisher;
      await this.#refuseFork(sealer, publisher);
      await sealer.last();
      await this.#sealOn(sealer, publisher);
    } finally {
      await publisher?.stop();
      this.#publisher = undefined;
      await client.end().catch(() => {}); // it may be gone already
    }
  }

  async #sealOn(sealer: LogSealer, publisher: HeadPublisher): Promise<void> {
    publisher.wake();
    for (let first = true; !this.#stop.signal.aborted; first = false) {
      if (!first && !(await sealer.hasNews())) {
        await this.#idle();
        continue;
      }
      const { head, more } = await sealer.seal();
      this.#problem = undefined;
      this.#said = undefined;
      this.#written = sealer.written ?? this.#written;
      if (head !== undefined) publisher.wake();
      if (!more) await this.#pause(NEWS_MS);
    }
    // What was written last is sealed too, when everybody lets it.
    await sealer.seal();
    publisher.wake();
  }

  /** Opened once: a key may be sealed by something far away. */
  async #heldKeys(): Promise<readonly HeldKey[]> {
    const { db, vault } = this.#options;
    const kids = (await db.query<{ kid: string }>(KIDS)).map(({ kid }) => kid);
    if (kids.length === 0 || kids.join() !== this.#keys.map(({ kid }) => kid).join()) this.#keys = await loadAuditKeys(db, vault);
    return this.#keys;
  }

  /**
   * Heads that were published and that the database does not have: it was restored to an earlier time, or its end was cut
   * off. Nothing is signed over that, until an operator says that it is so.
   */
  async #refuseFork(sealer: LogSealer, publisher: HeadPublisher): Promise<void> {
    const { db, vault, onNews } = this.#options;
    const last = await sealer.last();
    const headOf = async (number: number): Promise<AuditHead | undefined> =>
      (await db.query<{ head: AuditHead }>(HEADS_AFTER, [number - 1, 1]))[0]?.head;
    const own = await this.#ownFork(last, headOf);
    const fork = (await publisher.fork(last, headOf)) ?? own;
    if (fork === undefined) return;
    const { destination, published, after } = fork;
    const restore = await acceptedRestore(db, { vault, lost: published, after });
    if (restore === undefined) {
      if (fork === own) await noteLost(db, { vault, lost: published, after });
      throw new Error(
        `${destination} has head ${published.number} of the audit log (${published.at}), which the database does not have; its last one is ${last?.number ?? 'none'}. Nothing is sealed. When the database was restored to an earlier time, run the gateway's own 'accept-restore' with --lost ${headHash(published)} and --reason "..."; when it was not, somebody has cut the end of the log off.`,
      );
    }
    const { head } = await sealer.seal(restore);
    this.#written = sealer.written;
    onNews(`the audit log goes on from head ${after}: head ${head?.number} says that those up to ${published.number} are lost`);
  }

  /** What this gateway wrote, and the database does not have. */
  async #ownFork(last: AuditHead | undefined, headOf: (number: number) => Promise<AuditHead | undefined>) {
    const written = this.#written;
    if (written === undefined) return undefined;
    const here = await headOf(written.number);
    if (here !== undefined && headHash(here) === headHash(written)) return undefined;
    return { destination: 'This gateway', published: written, after: last?.number ?? 0 };
  }
}

/** Starts the sealer of this gateway. */
export function startSealing<Envelope>({
  bus,
  settings,
  folder,
  ...options
}: Omit<SealLoopOptions<Envelope>, 'destinations'> & {
  readonly bus: Bus;
  readonly settings: AuditSettings;
  readonly folder: string;
}): SealLoop<Envelope> {
  const loop = new SealLoop({ ...options, destinations: destinationsOf(settings, { folder, ...options }) });
  loop.start();
  bus.subscribe('queue', () => loop.wake());
  return loop;
}

async function isLeader(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [LOCK]);
  return rows[0]?.leads === true;
}
