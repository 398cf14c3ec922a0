import { setTimeout as sleep } from 'node:timers/promises';
import { query } from './errands.ts';
import { FAULTS, type FaultyLink } from './faulty-link.ts';
import type { Random } from './random.ts';

interface WeatherOptions {
  readonly link: FaultyLink;
  readonly databaseUrl: string;
  readonly random: Random;
}

/** What happens beside the kills: connections of the database that are cut, and a link that is faulty, or cut off. */
export class Weather {
  readonly #options: WeatherOptions;
  readonly #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();
  sessionsCut = 0;
  cuts = 0;

  constructor(options: WeatherOptions) {
    this.#options = options;
  }

  start(): void {
    const { link, random } = this.#options;
    link.fault = () => (random.chance(0.15) ? random.pick(FAULTS) : undefined);
    this.#done = this.#blow();
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    this.#options.link.fault = () => undefined;
    this.#options.link.mend();
  }

  async #blow(): Promise<void> {
    const { link, random } = this.#options;
    const { signal } = this.#stop;
    const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal }).catch(() => {});
    while (!signal.aborted) {
      await pause(random.between(1500, 5000));
      if (random.chance(0.7)) await this.#cutSessions();
      else {
        this.cuts += 1;
        link.cut();
        await pause(random.between(300, 2000));
        link.mend();
      }
    }
  }

  async #cutSessions(): Promise<void> {
    const cut = await query(
      this.#options.databaseUrl,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'guichet' and random() < 0.3`,
    ).catch(() => []);
    this.sessionsCut += cut.length;
  }
}
