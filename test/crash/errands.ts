import { setTimeout as sleep } from 'node:timers/promises';
import { formatRequestId } from '@guichet/contract';
import pg from 'pg';
import type { Caller } from './caller.ts';
import { readDeeds } from './effect-log.ts';
import type { Random } from './random.ts';

/** A time of a schedule that has come. */
export interface Came {
  readonly schedule: string;
  readonly at: Date;
}

export interface ErrandsOptions {
  readonly caller: Caller;
  readonly databaseUrl: string;
  /** Where the provider writes what it has done. */
  readonly logFile: string;
  readonly random: Random;
}

const SCHEDULES = ['storm-a', 'storm-b', 'storm-c'];
const GRANT_SECONDS = 72;

/** Of unknown runs that no provider can tell about: whether their calls can arrive no more. */
const UNKNOWN = `select number, dispatched_at < clock_timestamp() - make_interval(secs => ${GRANT_SECONDS}) as over
  from requests where state = 'unknown' and not observable order by number limit 20`;
/** Lets the next time of a schedule come now, unless one has come that nobody has noted. */
const COME = `update schedules set next_at = date_trunc('milliseconds', clock_timestamp())
  where name = $1 and state = 'active' and next_at > clock_timestamp() returning next_at as at`;

/**
 * What people do beside filing requests: schedules whose times come again and again, and somebody who looks at what the
 * provider has done and says what became of runs whose end nobody saw and nobody can ask about.
 */
export class Errands {
  readonly #options: ErrandsOptions;
  readonly #stopTimes = new AbortController();
  readonly #stopLooking = new AbortController();
  #times: Promise<void> = Promise.resolve();
  #looking: Promise<void> = Promise.resolve();
  readonly came: Came[] = [];
  /** All times of schedules before this have been noted by a gateway. */
  notedUntil: Date | undefined;
  /** Runs of which somebody said that they had not started. */
  readonly notStarted = new Set<string>();
  resolved = 0;

  constructor(options: ErrandsOptions) {
    this.#options = options;
  }

  start(): void {
    const { strange } = this.#options.caller;
    const onFailure = (error: unknown): void => void strange.push(`an errand failed: ${String(error)}`);
    this.#times = this.#keepSchedules().catch(onFailure);
    this.#looking = this.#look().catch(onFailure);
  }

  /** No time comes any more; whoever looks goes on. */
  async endSchedules(): Promise<void> {
    this.#stopTimes.abort();
    await this.#times;
    const { caller, random, databaseUrl } = this.#options;
    // When no gateway notes them any more that is found by the judge.
    for (let looks = 0; looks < 300; looks += 1) {
      const [late] = await query<{ count: number; now: Date }>(
        databaseUrl,
        `select count(*) filter (where next_at <= clock_timestamp())::int as count, clock_timestamp() as now from schedules`,
      ).catch(() => []);
      if (late?.count === 0) {
        this.notedUntil = late.now;
        break;
      }
      await sleep(200);
    }
    for (const name of SCHEDULES) await caller.call(random, 'nadia', `/v1/schedules/${name}`, { method: 'DELETE' });
  }

  async end(): Promise<void> {
    this.#stopTimes.abort();
    this.#stopLooking.abort();
    await Promise.all([this.#times, this.#looking]);
  }

  async #keepSchedules(): Promise<void> {
    const { caller, random, databaseUrl } = this.#options;
    for (const name of SCHEDULES) {
      const asked = { name, cron: '* * * * *', environment: 'staging', input: { thing: name }, reason: 'again and again' };
      const { status, body } = await caller.call(random, 'nadia', '/v1/schedules', {
        body: { ...asked, action: 'counter.once' },
      });
      // 409: made by the call before, whose answer was lost.
      if (status !== 201 && status !== 409)
        caller.strange.push(`schedule ${name}: ${status} ${body.code ?? ''} ${body.detail ?? ''}`);
    }
    const { signal } = this.#stopTimes;
    while (!signal.aborted) {
      await sleep(random.between(500, 4000), undefined, { signal }).catch(() => {});
      const schedule = random.pick(SCHEDULES);
      const [come] = await query<{ at: Date }>(databaseUrl, COME, [schedule]).catch(() => []);
      if (come !== undefined) this.came.push({ schedule, at: come.at });
    }
  }

  async #look(): Promise<void> {
    const { databaseUrl, logFile, random } = this.#options;
    const { signal } = this.#stopLooking;
    while (!signal.aborted) {
      await sleep(1000, undefined, { signal }).catch(() => {});
      const unknown = await query<{ number: string; over: boolean }>(databaseUrl, UNKNOWN).catch(() => []);
      for (const { number, over } of unknown) {
        const id = formatRequestId(number);
        const isDone = readDeeds(logFile).some(({ kind, request }) => kind === 'effect' && request === id);
        // That nothing was done is sometimes said too early, which is refused.
        if (isDone || over || random.chance(0.05)) await this.#resolve(id, isDone ? 'succeeded' : 'not_started');
      }
    }
  }

  /** By two people at once, sometimes. */
  async #resolve(id: string, outcome: 'succeeded' | 'not_started'): Promise<void> {
    const { caller, random } = this.#options;
    if (outcome === 'not_started') this.notStarted.add(id);
    const body = { outcome, reason: 'I looked at what was counted' };
    const who = random.chance(0.3) ? (['amine', 'paula'] as const) : (['amine'] as const);
    const answers = await Promise.all(who.map((each) => caller.call(random, each, `/v1/requests/${id}/resolve`, { body })));
    for (const { status, body: answer } of answers)
      if (status === 200) this.resolved += 1;
      else if (status !== 409) caller.strange.push(`resolve of ${id}: ${status} ${answer.code ?? ''} ${answer.detail ?? ''}`);
    if (answers.filter(({ status }) => status === 200).length > 1) caller.strange.push(`${id} was resolved twice`);
  }
}

/** On a connection of its own: what a storm leaves of another does not matter. */
export async function query<Row extends pg.QueryResultRow>(
  databaseUrl: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => {}); // the query rejects
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}
