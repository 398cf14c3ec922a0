import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseConfig, startApp } from '@guichet/gateway';
import { freePort } from '@guichet/postgres-server';
import { pino } from 'pino';
import { Caller, type Person } from './caller.ts';
import type { ProviderSettings } from './counting-provider.ts';
import { readDeeds } from './effect-log.ts';
import { Errands, query } from './errands.ts';
import { FaultyLink } from './faulty-link.ts';
import { type Findings, judge, restless } from './judge.ts';
import { Killer, type KillReport } from './killer.ts';
import { Load } from './load.ts';
import { Random } from './random.ts';
import { Victim } from './victim.ts';
import { Weather } from './weather.ts';

export interface StormOptions {
  /** A database of its own. */
  readonly databaseUrl: string;
  readonly seed: number;
  /** How many processes are killed. */
  readonly kills: number;
  /** How much sooner they are killed than in a long storm; 1 when absent. */
  readonly haste?: number;
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
  /** What went wrong in this process itself, while it held the others to account. */
  readonly mishaps?: readonly string[];
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
  /** Unknown runs that a person has settled. */
  readonly resolved: number;
  /** Effects of undos. */
  readonly undone: number;
  /** What became of the times of schedules. */
  readonly firings: Readonly<Record<string, number>>;
  readonly sessionsCut: number;
  readonly linkFaults: Readonly<Record<string, number>>;
  /** How long it took from the last process up until everything was at rest; null when it never was. */
  readonly restedAfterMs: number | null;
  readonly findings: Findings & {
    readonly strange: readonly string[];
    readonly fellOver: readonly string[];
    readonly mishaps: readonly string[];
  };
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
  const killer = new Killer({
    random: random.fork(),
    kills: options.kills,
    haste: options.haste,
    onProgress: options.onProgress,
  });
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
    const caller = new Caller({ gateways, tokens });
    const load = new Load({ caller, random: random.fork(), pauseMs: options.pauseMs });
    const { databaseUrl } = options;
    const errands = new Errands({ caller, databaseUrl, logFile, random: random.fork() });
    closers.push(() => errands.end());
    const started = performance.now();
    load.start(options.clients);
    errands.start();
    const weather = new Weather({ link, databaseUrl: options.databaseUrl, random: random.fork() });
    weather.start();
    options.onProgress?.('all are up');
    await killer.killAll(victims);
    options.onProgress?.('all are up again, for good');
    const calm = Promise.all([weather.end(), load.end(60_000)]).then(() => performance.now());
    await errands.endSchedules();
    options.onProgress?.('nobody asks for more');
    const restedAfterMs = await rest(options, await calm);
    await errands.end();
    const deeds = readDeeds(logFile);
    const findings = await judge({ databaseUrl, asked: load.asked, deeds, errands, toTheEnd: options.toTheEnd });
    return {
      ...killer.report,
      seed: options.seed,
      seconds: Math.round((performance.now() - started) / 1000),
      requests: await countBy(databaseUrl, 'select state as what, count(*)::int from requests group by state order by state'),
      effects: deeds.filter(({ kind }) => kind === 'effect').length,
      repeats: Object.fromEntries(caller.repeats),
      trouble: killer.trouble,
      resolved: errands.resolved,
      undone: deeds.filter(({ kind, action }) => kind === 'effect' && action === 'take-back').length,
      firings: await countBy(databaseUrl, 'select outcome as what, count(*)::int from schedule_firings group by outcome'),
      sessionsCut: weather.sessionsCut,
      linkFaults: { ...Object.fromEntries(link.met), cut: weather.cuts },
      restedAfterMs,
      findings: { ...findings, strange: caller.strange, fellOver: killer.fellOver, mishaps: options.mishaps ?? [] },
    };
  } finally {
    for (const close of closers.reverse())
      await close().catch((error: unknown) => options.onProgress?.(`not cleaned up: ${error}`));
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

/** How long after `calm` everything was where it comes to rest; null when that is not within the time. */
async function rest({ databaseUrl, settleMs, toTheEnd, onProgress }: StormOptions, calm: number): Promise<number | null> {
  const until = async (limitMs: number, alsoWaiting: boolean): Promise<number | null> => {
    for (let told = 0; ; ) {
      const left = await restless(databaseUrl, { alsoWaiting }).catch((error: unknown) => [String(error)]);
      const ms = Math.round(performance.now() - calm);
      if (left.length === 0) return ms;
      if (ms > limitMs) {
        onProgress?.(`not at rest after ${ms} ms: ${left.slice(0, 10).join(', ')}`);
        return null;
      }
      if (alsoWaiting && Math.floor(ms / 30_000) > told) {
        told = Math.floor(ms / 30_000);
        onProgress?.(`${left.length} still wait after ${Math.round(ms / 1000)} s: ${left.slice(0, 5).join(', ')}`);
      }
      await sleep(100);
    }
  };
  const rested = await until(settleMs, false);
  if (!toTheEnd) return rested;
  onProgress?.(`at rest after ${rested ?? 'too many'} ms; what waits for its next try may take minutes`);
  return (await until(600_000, true)) === null ? null : rested;
}

async function countBy(databaseUrl: string, counting: string): Promise<Record<string, number>> {
  const rows = await query<{ what: string; count: number }>(databaseUrl, counting);
  return Object.fromEntries(rows.map(({ what, count }) => [what, count]));
}
