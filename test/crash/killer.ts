import { setTimeout as sleep } from 'node:timers/promises';
import { coverage, NAMED_POINTS, placeOf } from './named-points.ts';
import type { Arm } from './points.ts';
import type { Random } from './random.ts';
import type { Victim } from './victim.ts';

export interface KillReport {
  readonly kills: number;
  readonly killsOf: Readonly<Record<string, number>>;
  /** Kills at a moment that nothing names. */
  readonly atRandom: number;
  /** Kills at each point that somebody has come to. */
  readonly atPoints: Readonly<Record<string, number>>;
  /** Kills at each of NAMED_POINTS. */
  readonly coverage: Readonly<Record<string, number>>;
}

/** Somebody who has not come to an armed point after so long is killed wherever it is. */
const PATIENCE_MS = 3000;
/** How long somebody lives before the next attempt on their life, at least and at most. */
const LIFE_MS = { gateway: [200, 1500], provider: [1500, 5500] } as const;
const REPORT_EVERY = 25;
/** So many falls, and there is nothing to learn from more. */
const MOST_FALLS = 20;

type Role = 'gateway' | 'provider';

/** Kills processes and starts them again: mostly at whichever comes first of the points where the fewest died, else at any moment. */
export class Killer {
  readonly #random: Random;
  readonly #wanted: number;
  readonly #haste: number;
  readonly #onProgress: (line: string) => void;
  readonly #points = { gateway: new Map<string, number>(), provider: new Map<string, number>() };
  readonly #killsOf = new Map<string, number>();
  #atRandom = 0;
  #begun = 0;
  #kills = 0;
  readonly #started = performance.now();
  /** Processes that ended without being killed. */
  readonly fellOver: string[] = [];
  /** What processes logged as errors, the first of them. */
  readonly trouble: string[] = [];

  constructor({
    random,
    kills,
    haste = 1,
    onProgress = () => {},
  }: { haste?: number | undefined; random: Random; kills: number; onProgress: ((line: string) => void) | undefined }) {
    this.#random = random;
    this.#wanted = kills;
    this.#haste = haste;
    this.#onProgress = onProgress;
  }

  saw(role: Role, point: string): void {
    const points = this.#points[role];
    if (!points.has(point)) points.set(point, 0);
  }

  heard(line: string): void {
    if (this.trouble.length < 200) this.trouble.push(line);
  }

  /** Comes back when enough were killed and all are up again. */
  async killAll(victims: readonly Victim[]): Promise<void> {
    await Promise.all(victims.map((victim) => this.#haunt(victim, this.#random.fork())));
  }

  get #isOver(): boolean {
    return this.#begun >= this.#wanted || this.fellOver.length > MOST_FALLS;
  }

  async #haunt(victim: Victim, random: Random): Promise<void> {
    let early: Arm | undefined;
    while (!this.#isOver) {
      // It lives for a while, so that something comes to its end too; the provider longer, for all wait for it.
      const [least, most] = LIFE_MS[victim.options.role];
      await sleep(random.between(least, most) / this.#haste);
      this.#begun += 1;
      const arm = early ?? (random.chance(0.2) ? undefined : this.#target(victim, random));
      if (arm !== undefined && arm !== early) victim.arm(arm);
      const limit = new AbortController();
      const patience = arm === undefined ? random.between(50, 1500) : PATIENCE_MS / this.#haste;
      await Promise.race([victim.ended, sleep(patience, undefined, { signal: limit.signal }).catch(() => {})]);
      limit.abort();
      const death = await victim.kill();
      if (!death.killed) this.fellOver.push(`${victim.name} ended by itself: ${death.said.slice(-2000)}`);
      this.#count(victim, death.point);
      // Some die again before they are up: at a point of the start, or at any moment of it.
      early = !this.#isOver && random.chance(0.12) ? this.#target(victim, random) : undefined;
      victim.start(early);
      const cutShort = random.chance(0.05);
      if (cutShort) await sleep(random.between(10, 900));
      if ((cutShort || !(await victim.open)) && !this.#isOver) {
        this.#begun += 1;
        const { killed, said, point } = await victim.kill();
        if (!killed) this.#notStarted(victim, said);
        this.#count(victim, point);
        early = undefined;
        victim.start();
      }
      await this.#up(victim);
    }
    // The last life is for coming to rest, at no point that is still armed.
    if (early === undefined) return;
    await victim.kill();
    victim.start();
    await this.#up(victim);
  }

  /** A life that ends before it is open, by a point that was armed, is followed by another. */
  async #up(victim: Victim): Promise<void> {
    while (!(await victim.open)) {
      const { killed, said } = await victim.ended;
      if (!killed) this.#notStarted(victim, said);
      if (this.fellOver.length > MOST_FALLS) return;
      victim.start();
    }
  }

  /** A gateway whose session of the database is cut while it starts says so and ends: its supervisor starts it again. */
  #notStarted(victim: Victim, said: string): void {
    if (!said.includes('The database of the gateway does not answer'))
      this.fellOver.push(`${victim.name} did not start: ${said.slice(-2000)}`);
  }

  /**
   * Points to die at, whichever comes first: half of the time named ones that nobody has died at, else those where fewer
   * died than at most others. What comes seldom is waited for all the while, what comes often is no longer once it was hit.
   */
  #target({ options: { role } }: Victim, random: Random): Arm | undefined {
    const named = this.#coverage();
    const ranks = [...this.#points[role]].map(([point, kills]) => {
      const stoodFor = NAMED_POINTS.filter(({ covers }) => covers(role, point)).map(({ name }) => named.get(name) ?? 0);
      return { point, rank: stoodFor.length === 0 ? kills : Math.min(...stoodFor), isNamed: stoodFor.length > 0 };
    });
    if (ranks.length === 0) return undefined;
    const unhit = ranks.filter(({ isNamed, rank }) => isNamed && rank === 0);
    const sorted = ranks.toSorted((a, b) => a.rank - b.rank);
    const middle = sorted[Math.floor(sorted.length / 2)]?.rank ?? 0;
    // Towards the end those are looked for most of the time.
    const seldom = unhit.length > 0 && random.chance(this.#begun > this.#wanted * 0.6 ? 0.9 : 0.6);
    const wanted = seldom ? unhit : sorted.filter(({ rank }) => rank <= middle);
    const points = wanted.map(({ point }) => point);
    // Not always all: the first that a process comes to would be the last of nearly each life.
    const some = points.filter(() => random.chance(0.5));
    return { points: some.length > 0 ? some : [random.pick(points)], nth: seldom || random.chance(0.7) ? 1 : 2 };
  }

  #count(victim: Victim, point: string | undefined): void {
    this.#kills += 1;
    this.#killsOf.set(victim.name, (this.#killsOf.get(victim.name) ?? 0) + 1);
    const points = this.#points[victim.options.role];
    if (point === undefined) this.#atRandom += 1;
    else points.set(point, (points.get(point) ?? 0) + 1);
    if (this.#kills % REPORT_EVERY !== 0) return;
    const named = [...this.#coverage().values()];
    const seconds = Math.round((performance.now() - this.#started) / 1000);
    this.#onProgress(
      `${this.#kills} of ${this.#wanted} kills in ${seconds} s, ${this.#kills - this.#atRandom} of them at points; ${named.filter((kills) => kills > 0).length} of ${named.length} named points`,
    );
  }

  #all(): Map<string, number> {
    return new Map(
      (['gateway', 'provider'] as const).flatMap((role) =>
        [...this.#points[role]].map(([point, kills]): [string, number] => [placeOf(role, point), kills]),
      ),
    );
  }

  #coverage(): Map<string, number> {
    return coverage(this.#all());
  }

  get report(): KillReport {
    return {
      kills: this.#kills,
      killsOf: Object.fromEntries(this.#killsOf),
      atRandom: this.#atRandom,
      atPoints: Object.fromEntries([...this.#all()].sort(([a], [b]) => a.localeCompare(b))),
      coverage: Object.fromEntries(this.#coverage()),
    };
  }
}
