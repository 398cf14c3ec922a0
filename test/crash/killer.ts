import { setTimeout as sleep } from 'node:timers/promises';
import type { Arm } from './points.ts';
import type { Random } from './random.ts';
import type { Victim } from './victim.ts';

export interface KillReport {
  readonly kills: number;
  readonly killsOf: Readonly<Record<string, number>>;
  /** Kills at a moment that nothing names. */
  readonly atRandom: number;
  /** Kills at each named point; 0 for one that was come to and never killed at. */
  readonly atPoints: Readonly<Record<string, number>>;
}

/** Somebody who has not come to an armed point after so long is killed wherever it is. */
const PATIENCE_MS = 6000;
const REPORT_EVERY = 25;

/** Kills processes and starts them again: mostly at the named point where the fewest died, else at any moment. */
export class Killer {
  readonly #random: Random;
  readonly #wanted: number;
  readonly #onProgress: (line: string) => void;
  readonly #points = { gateway: new Map<string, number>(), provider: new Map<string, number>() };
  /** How often a point was armed and not come to: others are tried first. */
  readonly #missed = new Map<string, number>();
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
    onProgress = () => {},
  }: { random: Random; kills: number; onProgress: ((line: string) => void) | undefined }) {
    this.#random = random;
    this.#wanted = kills;
    this.#onProgress = onProgress;
  }

  saw(role: 'gateway' | 'provider', point: string): void {
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

  async #haunt(victim: Victim, random: Random): Promise<void> {
    let early: Arm | undefined;
    while (this.#begun < this.#wanted) {
      // The provider is up again sooner: it would die most often.
      await sleep(random.between(0, victim.options.role === 'provider' ? 2500 : 600));
      this.#begun += 1;
      const atRandom = random.chance(0.25);
      const arm: Arm | undefined = early ?? (atRandom ? undefined : this.#target(victim, random));
      if (arm !== undefined && arm !== early) victim.arm(arm);
      const limit = new AbortController();
      const patience = arm === undefined ? random.between(50, 1500) : PATIENCE_MS;
      const atPoint = await Promise.race([
        victim.ended.then(() => true),
        sleep(patience, false, { signal: limit.signal }).catch(() => false),
      ]);
      limit.abort();
      const death = await victim.kill();
      if (!death.killed) this.fellOver.push(`${victim.name} ended by itself: ${death.said.slice(-2000)}`);
      if (arm !== undefined && !atPoint) this.#missed.set(arm.point, (this.#missed.get(arm.point) ?? 0) + 1);
      this.#count(victim, atPoint ? arm : undefined);
      // Some die again before they are up: at a point of the start, or at any moment of it.
      early = random.chance(0.12) ? this.#target(victim, random) : undefined;
      victim.start(early);
      const cutShort = random.chance(0.05);
      if (cutShort) await sleep(random.between(10, 900));
      if ((cutShort || !(await victim.open)) && this.#begun < this.#wanted) {
        this.#begun += 1;
        const { killed, said } = await victim.kill();
        if (!killed) this.#notStarted(victim, said);
        this.#count(victim, cutShort ? undefined : early);
        early = undefined;
        victim.start();
      }
      await this.#up(victim);
    }
    // The last life is for coming to rest, at no point that is still armed.
    await victim.kill();
    victim.start();
    await this.#up(victim);
  }

  /** A life that ends before it is open, by a point that was armed, is followed by another. */
  async #up(victim: Victim): Promise<void> {
    while (!(await victim.open)) {
      const { killed, said } = await victim.ended;
      if (!killed) this.#notStarted(victim, said);
      if (this.fellOver.length > 20) throw new Error(`the processes fall over by themselves: ${this.fellOver[0]}`);
      victim.start();
    }
  }

  /** A gateway whose session of the database is cut while it starts says so and ends: its supervisor starts it again. */
  #notStarted(victim: Victim, said: string): void {
    if (!said.includes('The database of the gateway does not answer'))
      this.fellOver.push(`${victim.name} did not start: ${said.slice(-2000)}`);
  }

  #target({ options: { role } }: Victim, random: Random): Arm | undefined {
    const points = [...this.#points[role]];
    if (points.length === 0) return undefined;
    const triesOf = ([point, kills]: [string, number]): number => kills + (this.#missed.get(point) ?? 0);
    const fewest = Math.min(...points.map(triesOf));
    const wanted = random.chance(0.6) ? points.filter((each) => triesOf(each) === fewest) : points;
    return { point: random.pick(wanted)[0], nth: random.chance(0.7) ? 1 : random.between(2, 3) };
  }

  #count(victim: Victim, arm: Arm | undefined): void {
    this.#kills += 1;
    this.#killsOf.set(victim.name, (this.#killsOf.get(victim.name) ?? 0) + 1);
    const points = this.#points[victim.options.role];
    if (arm === undefined) this.#atRandom += 1;
    else points.set(arm.point, (points.get(arm.point) ?? 0) + 1);
    if (this.#kills % REPORT_EVERY !== 0) return;
    const all = [...this.#points.gateway.values(), ...this.#points.provider.values()];
    const seconds = Math.round((performance.now() - this.#started) / 1000);
    this.#onProgress(
      `${this.#kills} of ${this.#wanted} kills in ${seconds} s; ${all.filter((kills) => kills > 0).length} of ${all.length} points`,
    );
  }

  get report(): KillReport {
    const named = (['gateway', 'provider'] as const).flatMap((role) =>
      [...this.#points[role]].map(([point, kills]): [string, number] => [`${role}: ${point}`, kills]),
    );
    return {
      kills: this.#kills,
      killsOf: Object.fromEntries(this.#killsOf),
      atRandom: this.#atRandom,
      atPoints: Object.fromEntries(named.sort(([a], [b]) => a.localeCompare(b))),
    };
  }
}
