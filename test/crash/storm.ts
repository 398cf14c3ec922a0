import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseConfig, startApp } from '@guichet/gateway';
import { freePort } from '@guichet/postgres-server';
import pg from 'pg';
import { pino } from 'pino';
import type { ProviderSettings } from './counting-provider.ts';
import { readDeeds } from './effect-log.ts';
import { FAULTS, FaultyLink } from './faulty-link.ts';
import { type Findings, judge, restless } from './judge.ts';
import { Killer, type KillReport } from './killer.ts';
import { Load, type Person } from './load.ts';
import { Random } from './random.ts';
import { Victim } from './victim.ts';

export interface StormOptions {
  /** A database of its own. */
  readonly databaseUrl: string;
  readonly seed: number;
  /** How many processes are killed. */
  readonly kills: number;
  readonly clients: number;
  /** Between two requests of a client, in ms at most. */
  readonly pauseMs: number;
  /** Settings of the workers; those of a gateway without any when absent. */
  readonly worker?: Readonly<Record<string, number>>;
  /** How long everything may take to come to rest once all processes are up again, in ms. */
  readonly settleMs: number;
  /** Waits until also what waits for its next try has ended: the grant of a lost call lives for more than a minute. */
  readonly toTheEnd: boolean;
  readonly onProgress?: (line: string) => void;
}

export interface StormReport extends KillReport {
  readonly seed: number;
  readonly seconds: number;
  readonly requests: Readonly<Record<string, number>>;
  readonly effects: number;
  /** Calls that clients sent again, by why. */
  readonly repeats: Readonly<Record<string, number>>;
  /** What gateways logged as errors, the first of them. */
  readonly trouble: readonly string[];
  readonly sessionsCut: number;
  readonly linkFaults: Readonly<Record<string, number>>;
  /** How long it took from the last process up until everything was at rest; null when it never was. */
  readonly restedAfterMs: number | null;
  readonly findings: Findings & { readonly strange: readonly string[]; readonly fellOver: readonly string[] };
}

const GATEWAY = new URL('../../gateway/src/main.ts', import.meta.url).pathname;
const FAILPOINTS = new URL('./failpoints.ts', import.meta.url).pathname;
const PROVIDER = new URL('./counting-provider.ts', import.meta.url).pathname;
const COMPANY = new URL('../support/company.yaml', import.meta.url).pathname;
const SEALING = { GUICHET_STORM_KEY: Buffer.alloc(32, 7).toString('base64') };

/** Two gateways and a provider under load, killed again and again; then the judgement. */
export async function storm(options: StormOptions): Promise<StormReport> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-storm-'));
  const random = new Random(options.seed);
  const ports = { provider: await freePort(), gateways: [await freePort(), await freePort()] };
  const link = await FaultyLink.open(() => ports.provider, random.fork());
  const logFile = join(folder, 'effects.jsonl');
  const killer = new Killer({ random: random.fork(), kills: options.kills, onProgress: options.onProgress });
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true }), () => link.close()];
  try {
    const gateways = ports.gateways.map((port) => `http://127.0.0.1:${port}`);
    const tokens = await makeTokens(configOf({ port: 0, link, options }), folder);
    const settings: ProviderSettings = { port: ports.provider, gateways, databaseUrl: options.databaseUrl, logFile };
    const victims = [
      await providerVictim(settings, killer),
      ...(await Promise.all(
        ports.gateways.map((port, index) =>
          gatewayVictim({ name: `gateway ${index + 1}`, folder, config: configOf({ port, link, options }) }, killer),
        ),
      )),
    ];
    closers.push(() => Promise.all(victims.map((victim) => victim.kill())));
    for (const victim of victims) victim.start();
    await Promise.all(victims.map((victim) => opened(victim)));
    const load = new Load({ gateways, tokens, random: random.fork(), pauseMs: options.pauseMs });
    const started = performance.now();
    load.start(options.clients);
    const weather = new Weather({ link, databaseUrl: options.databaseUrl, random: random.fork() });
    weather.start();
    await killer.killAll(victims);
    await weather.end();
    await load.end(60_000);
    const restedAfterMs = await rest(options);
    const { databaseUrl } = options;
    const findings = await judge({ databaseUrl, asked: load.asked, deeds: readDeeds(logFile) });
    return {
      ...killer.report,
      seed: options.seed,
      seconds: Math.round((performance.now() - started) / 1000),
      requests: await countStates(databaseUrl),
      effects: readDeeds(logFile).filter(({ kind }) => kind === 'effect').length,
      repeats: Object.fromEntries(load.repeats),
      trouble: killer.trouble,
      sessionsCut: weather.sessionsCut,
      linkFaults: { ...Object.fromEntries(link.met), cut: weather.cuts },
      restedAfterMs,
      findings: { ...findings, strange: load.strange, fellOver: killer.fellOver },
    };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

export const isClean = ({ findings, restedAfterMs }: StormReport): boolean =>
  restedAfterMs !== null && Object.values(findings).every(({ length }) => length === 0);

function configOf({ port, link, options }: { port: number; link: FaultyLink; options: StormOptions }) {
  return {
    listen: { port },
    company: COMPANY,
    database: { url: options.databaseUrl },
    providers: [{ name: 'counter', url: link.url }],
    sealing: { keyFromEnv: 'GUICHET_STORM_KEY' },
    limits: { calls: { max: 10_000_000 } },
    poolSize: 8,
    ...(options.worker !== undefined && { worker: options.worker }),
  };
}

/** The tables, and a token for each of the people. */
async function makeTokens(config: object, folder: string): Promise<Record<Person, string>> {
  const whole = { ...config, worker: { enabled: false } };
  const app = await startApp(parseConfig(whole, { path: join(folder, 'first.yaml'), env: SEALING }), {
    logger: pino({ level: 'silent' }),
  });
  const issue = async (name: Person): Promise<[Person, string]> => {
    const createdBy = { id: 'system', name: 'storm' };
    const { secret } = await app.tokens.issue({ name, principalId: `user:${name}`, expiresInDays: 1, scope: {}, createdBy });
    return [name, secret];
  };
  try {
    const pairs = await Promise.all((['nadia', 'amine', 'paula', 'sven'] as const).map(issue));
    return Object.fromEntries(pairs) as Record<Person, string>; // made of exactly these names
  } finally {
    await app.close();
  }
}

async function gatewayVictim(
  { name, folder, config }: { name: string; folder: string; config: object },
  killer: Killer,
): Promise<Victim> {
  const file = join(folder, `${name.replace(' ', '-')}.yaml`);
  await writeFile(file, JSON.stringify(config)); // JSON is YAML too
  return new Victim(
    {
      name,
      role: 'gateway',
      file: GATEWAY,
      execArgv: ['--import', FAILPOINTS],
      args: ['--config', file],
      env: { ...SEALING, NODE_COMPILE_CACHE: join(folder, 'compiled') },
      isOpen: (said) => said.includes('guichet is open'),
    },
    { onPoint: (point) => killer.saw('gateway', point), onTrouble: (line) => killer.heard(line) },
  );
}

async function providerVictim(settings: ProviderSettings, killer: Killer): Promise<Victim> {
  const env = { COUNTING_PROVIDER: JSON.stringify(settings), NODE_COMPILE_CACHE: `${settings.logFile}.compiled` };
  return new Victim(
    { name: 'provider', role: 'provider', file: PROVIDER, env, isOpen: (said) => said.includes('"open"') },
    { onPoint: (point) => killer.saw('provider', point), onTrouble: (line) => killer.heard(line) },
  );
}

async function opened(victim: Victim): Promise<void> {
  if (await victim.open) return;
  const { said } = await victim.ended;
  throw new Error(`${victim.name} did not open: ${said}`);
}

interface WeatherOptions {
  readonly link: FaultyLink;
  readonly databaseUrl: string;
  readonly random: Random;
}

/** What happens beside the kills: connections of the database that are cut, and a link that is faulty, or cut off. */
class Weather {
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
    const client = new pg.Client({ connectionString: this.#options.databaseUrl });
    await client.connect();
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'guichet' and random() < 0.3`,
    );
    this.sessionsCut += rowCount ?? 0;
    await client.end();
  }
}

/** How long it took until everything was where it comes to rest; null when that is not within the time. */
async function rest({ databaseUrl, settleMs, toTheEnd, onProgress }: StormOptions): Promise<number | null> {
  const until = async (limitMs: number, alsoWaiting: boolean): Promise<number | null> => {
    const started = performance.now();
    for (;;) {
      const left = await restless(databaseUrl, { alsoWaiting });
      const ms = Math.round(performance.now() - started);
      if (left.length === 0) return ms;
      if (ms > limitMs) {
        onProgress?.(`not at rest after ${ms} ms: ${left.slice(0, 10).join(', ')}`);
        return null;
      }
      await sleep(100);
    }
  };
  const rested = await until(settleMs, false);
  if (!toTheEnd) return rested;
  onProgress?.(`at rest after ${rested ?? 'too many'} ms; what waits for its next try may take minutes`);
  return (await until(600_000, true)) === null ? null : rested;
}

async function countStates(databaseUrl: string): Promise<Record<string, number>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ state: string; count: number }>(
    'select state, count(*)::int from requests group by state order by state',
  );
  await client.end();
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}
