import { setTimeout as wait } from 'node:timers/promises';
import { type AuditFinding, type AuditHead, findingOf } from '@guichet/contract/audit-log';
import type { Queryable } from '../db/index.ts';
import { LogPass } from './log-pass.ts';

/** How often it looks for new heads: a log in which nothing is new costs so many looks, of one statement each. */
const EVERY_MS = 10_000;
/** While there is more it rests for so many times as long as a step took. */
const RESTS = 4;
const SHORTEST_REST_MS = 50;
/** After so long everything is looked at again from the beginning, in a step at a time: what was changed since is found too. */
const AGAIN_AFTER_MS = 6 * 3_600_000;
const AGAIN_STEP_MS = 60_000;
/** A check that has not come to the end for so long does not know how the log is now. */
const STALE_MS = 60_000;
const MOST_TOLD = 1000;

export type CheckState = 'verified' | 'behind' | 'damaged' | 'unknown';

/** How the log was when this gateway last looked. */
export interface Standing {
  readonly state: CheckState;
  /** When it had last looked at all that there was. */
  readonly at: Date | undefined;
  /** The last head that was checked. */
  readonly through: AuditHead | undefined;
  readonly events: number;
  readonly findings: readonly AuditFinding[];
  /** Heads that declare a restore. */
  readonly restores: readonly number[];
  /** When everything was last looked at from the beginning. */
  readonly wholeAt: Date | undefined;
}

export interface StandingCheckOptions {
  readonly db: Queryable;
  /** Told of each finding once. */
  readonly onFinding: (finding: AuditFinding) => void;
  /** Why it could not look; the same trouble again and again is told once. */
  readonly onError: (error: unknown) => void;
  /** Told when the log holds no more, or is known to hold again. */
  readonly onTurn?: () => void;
  readonly everyMs?: number;
  readonly againAfterMs?: number;
  readonly againStepMs?: number;
}

/**
 * Checks the audit log for as long as the gateway runs: from the beginning to its end, then what comes, and now and then
 * everything again, slowly. Each gateway does so by itself and keeps what it knows in memory: the database, whose contents
 * are in question, is not asked how it stands.
 */
export class StandingCheck {
  readonly #options: Required<Omit<StandingCheckOptions, 'onTurn'>> & Pick<StandingCheckOptions, 'onTurn'>;
  readonly #stop = new AbortController();
  readonly #told = new Set<string>();
  #running: Promise<void> | undefined;
  #pass: LogPass;
  /** The pass that goes over everything again. */
  #again: LogPass | undefined;
  #againAt = 0;
  #at: Date | undefined;
  #wholeAt: Date | undefined;
  /** Heads that this gateway had checked, and that were gone or others afterwards. */
  #lost: { readonly head: AuditHead; readonly finding: AuditFinding }[] = [];
  #trouble: string | undefined;
  #state: CheckState = 'unknown';

  constructor(options: StandingCheckOptions) {
    this.#options = { everyMs: EVERY_MS, againAfterMs: AGAIN_AFTER_MS, againStepMs: AGAIN_STEP_MS, ...options };
    this.#pass = new LogPass(options.db);
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  get standing(): Standing {
    const findings = this.#findings();
    return {
      state: this.#stateOf(findings),
      at: this.#at,
      through: this.#pass.head,
      events: this.#pass.events,
      findings,
      restores: this.#pass.restores.map(({ head }) => head),
      wholeAt: this.#wholeAt,
    };
  }

  #stateOf(findings: readonly AuditFinding[]): CheckState {
    if (findings.length > 0) return 'damaged';
    if (this.#at === undefined) return this.#pass.head === undefined ? 'unknown' : 'behind';
    return Date.now() - this.#at.getTime() > STALE_MS + this.#options.everyMs ? 'behind' : 'verified';
  }

  #findings(): AuditFinding[] {
    const all = [...this.#lost.map(({ finding }) => finding), ...this.#pass.findings, ...(this.#again?.findings ?? [])];
    return [...new Map(all.map((finding) => [finding.message, finding])).values()];
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const pause = await this.#look().catch((error: unknown) => this.#tell(error));
      await wait(pause, undefined, { signal }).catch(() => {}); // stopped: no need to wait
    }
  }

  #tell(error: unknown): number {
    const message = error instanceof Error ? error.message : String(error);
    if (!this.#stop.signal.aborted && this.#trouble !== message) this.#options.onError(error);
    this.#trouble = message;
    return this.#options.everyMs;
  }

  /** One step; gives how long to rest. */
  async #look(): Promise<number> {
    const began = performance.now();
    const came = await this.#pass.step();
    if (came === 'gone') this.#beginAnew();
    if (came === 'end') {
      this.#at = new Date();
      this.#wholeAt ??= this.#at;
      this.#lost = this.#lost.filter(({ head }) => !this.#pass.restores.some(({ after }) => after < head.number));
      await this.#lookAgain();
    }
    this.#trouble = undefined;
    this.#report();
    return came === 'end' ? this.#options.everyMs : Math.max(SHORTEST_REST_MS, RESTS * (performance.now() - began));
  }

  /** The log is not the one that was checked: cut, changed, or restored to an earlier time. */
  #beginAnew(): void {
    const { head } = this.#pass;
    this.#pass = new LogPass(this.#options.db);
    this.#again = undefined;
    this.#wholeAt = undefined;
    if (head === undefined || this.#lost.some((lost) => lost.head.number === head.number)) return;
    const message = `Head ${head.number} (${head.at}), which this gateway had checked, is not in the log any more, and no restore is declared.`;
    this.#lost.push({ head, finding: findingOf('lost_heads', message, { head: head.number }) });
  }

  async #lookAgain(): Promise<void> {
    const now = Date.now();
    const { db, againAfterMs, againStepMs } = this.#options;
    if (this.#again === undefined && now - (this.#wholeAt?.getTime() ?? now) >= againAfterMs) this.#again = new LogPass(db);
    if (this.#again === undefined || now - this.#againAt < againStepMs) return;
    this.#againAt = now;
    const came = await this.#again.step();
    if (came === 'end') {
      this.#pass = this.#again;
      this.#wholeAt = new Date();
    }
    if (came !== 'more') this.#again = undefined; // gone: the other pass finds that too, and begins anew
  }

  #report(): void {
    const { findings, state } = this.standing;
    for (const finding of findings) {
      if (this.#told.has(finding.message) || this.#told.size >= MOST_TOLD) continue;
      this.#told.add(finding.message);
      this.#options.onFinding(finding);
    }
    if (state !== this.#state) this.#options.onTurn?.();
    this.#state = state;
  }
}
