import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { keepAuditParts, SearchIndex, StandingCheck, sealLag, startSealing } from './audit/index.ts';
import { cannotListen } from './cannot-listen.ts';
import {
  Catalog,
  type Company,
  CompanyKeeper,
  Directory,
  Environments,
  GrantKeys,
  Grants,
  loadCompany,
  ProviderCalls,
  type ProviderSource,
} from './catalog/index.ts';
import { ChangeHub } from './changes/index.ts';
import { clocks, filers } from './clocks.ts';
import type { Config } from './config.ts';
import { Bus, Database, keepEmbedded, migrate, statement } from './db/index.ts';
import { Cookies, closeServer, createServer, Readiness, Throttles } from './http/index.ts';
import { machines as machinesOf, type People, people as peopleOf, StandingCallers, Tenures, Tokens } from './identity/index.ts';
import { Limits } from './limits/index.ts';
import { createLogger } from './logger.ts';
import { Jobs, outboxBacklog, sinkLag, startSinks } from './notify/index.ts';
import { DEFAULT_POLICIES, loadPolicies, Policy, PolicyKeeper, type Vocabulary } from './policy/index.ts';
import { PolicyTools } from './policy-tools/index.ts';
import { sourceOf } from './provider-source.ts';
import { Reads } from './reads/index.ts';
import { ProviderKeys, Reconciler } from './receipts/index.ts';
import { Decisions, Filing, findRequests, openRequests, Requests } from './requests/index.ts';
import { runReport, Transitions, Worker } from './runner/index.ts';
import { type Keyring, loadKeyring, Sealer } from './sealing/index.ts';
import { carryContext, Metrics, startTracing } from './telemetry/index.ts';
import type { Timekeeper } from './timekeeper.ts';
import { Tunnels } from './tunnels/index.ts';
import { VERSION } from './version.ts';
import { vocabularyOf } from './vocabulary-of.ts';

const CATALOG_REFRESH_MS = 10_000;
const SWEEP_MS = 600_000;
/** Whoever asks whether calls can be sent here does not wait longer than this. */
const READY_MS = 2000;
const PING = statement('ping', 'select 1');

export interface AppOptions {
  /** Providers mounted by hand, beside those of the configuration: for tests and benchmarks. */
  readonly mounted?: readonly ProviderSource[];
  readonly logger?: Logger;
}

/** A gateway that runs: listening, claiming, telling. */
export interface App {
  readonly url: string;
  readonly server: FastifyInstance;
  readonly tokens: Tokens;
  readonly directory: Directory;
  readonly catalog: Catalog;
  /** The worker rings it; where none is enabled, nobody does. */
  readonly timekeeper: Timekeeper;
  /** Takes no new work, lets what runs come to its end, and stops. */
  close(): Promise<void>;
}

type Closer = () => Promise<void>;

/** Builds a gateway from its configuration and starts it. What was started is stopped again when a later step fails. */
export async function startApp(config: Config, options: AppOptions = {}): Promise<App> {
  const closers: Closer[] = [];
  try {
    return await start(config, options, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function closeAll(closers: Closer[]): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close().catch(() => {});
}

async function start(
  config: Config,
  { mounted = [], logger = createLogger(config.logLevel) }: AppOptions,
  closers: Closer[],
): Promise<App> {
  const onError = (error: unknown): void => logger.error({ err: error }, 'background work failed');
  const onNews = (message: string): void => logger.info(message);
  const onRefused = (message: string): void => logger.warn(message);

  carryContext();
  const name = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  if (config.tracing !== undefined)
    closers.push(await startTracing({ ...config.tracing, version: VERSION, instance: name, onTrouble: onRefused }));
  const metrics = new Metrics();
  const { url, db } = await openDatabase(config, { closers, onError });
  closers.push(await keepAuditParts({ db, onError }));
  // Nobody reads before the server listens.
  let changes: ChangeHub | undefined;
  const bus = new Bus({ url, database: db, onError });
  closers.push(() => bus.close());
  await bus.start();

  const sealer = await Sealer.start({ db, keyring: await loadKeyring(config.sealing, config.folder) });
  const sealLoop = startSealing({ url, db, bus, vault: sealer, settings: config.audit, folder: config.folder, onNews, onError });
  closers.push(() => sealLoop.stop());
  const { company, digest } = await loadCompany(companyPaths(config), config);
  const directory = directoryOf(config, company);
  const tenures = new Tenures({ db, oidc: config.identity.oidc });
  await tenures.settle(company);
  const settle = (news: Company): Promise<void> => tenures.settle(news);
  const companyKeeper = new CompanyKeeper({
    db,
    directory,
    paths: companyPaths(config),
    digest,
    environments: config.environments,
    onChange: () => changes?.changed('company'),
    settle,
    onNews,
    onRefused,
    onError,
  });
  await companyKeeper.start();
  closers.push(() => companyKeeper.stop());
  const issuer = config.publicUrl ?? `http://${config.listen.host}:${config.listen.port}`;
  const { rotateAfter: rotateAfterMs, overlap: overlapMs } = config.grants;
  const keys = await GrantKeys.load({ db, sealer, rotateAfterMs, overlapMs });
  closers.push(keys.follow({ bus, onNews, onError }));
  const grants = new Grants({ keys, issuer });
  const sources = await Promise.all(config.providers.map((provider) => sourceOf(provider, { config, grants, closers })));
  const providerKeys = new ProviderKeys({ db, onNews, onRefused });
  const catalog = new Catalog({
    db,
    sources: [...sources, ...mounted.map((source) => ({ mounted: true, ...source }))],
    environments: config.environments,
    onChange: () => changes?.changed('catalogue'),
    onNews,
    onManifest: ({ name: provider, receiptKey: configured, mounted: isHere = false }, { receipts: offered }) =>
      providerKeys.meet({ name: provider, offered, configured, mounted: isHere }),
  });
  await catalog.start();
  const refresh = setInterval(() => void catalog.refresh().catch(onError), CATALOG_REFRESH_MS);
  closers.push(async () => clearInterval(refresh));

  const { policy, keeper, vocabulary } = policyOf({
    ...{ config, db, directory, catalog, onNews, onRefused, onError },
    onChange: () => changes?.changed('policy'),
  });
  await keeper.start();
  closers.push(() => keeper.stop());

  const calls = new ProviderCalls({ grants, now: () => new Date(), metrics });
  const windows = { approvalMs: config.windows.approval, startMs: config.windows.start };
  const jobs = new Jobs({ url, webhooks: config.webhooks, people: (tx, ids) => directory.named(tx, ids), onError });
  const world = { db, bus, catalog, directory, policy, calls, sealer, windows };
  const limits = new Limits(config.limits);
  const requestOptions = { ...world, outbox: jobs, limits };
  const filing = new Filing(requestOptions);
  const requests = new Requests(requestOptions, filing);
  const decisions = new Decisions(requestOptions);
  const tokens = new Tokens({ db, directory, policy, environments: config.environments });
  let listening = issuer;
  const baseUrl = (): string => config.publicUrl?.replace(/\/$/, '') ?? listening;
  const signing = peopleOf({ db, directory, policy, settings: config.identity, tenures, baseUrl });
  const machines = machinesOf({ db, directory, settings: config.identity, folder: config.folder, baseUrl, logger });
  const sweep = setInterval(() => void Promise.all([signing.sessions.sweep(), machines.sweep()]).catch(onError), SWEEP_MS);
  closers.push(async () => clearInterval(sweep));
  closers.push(() => jobs.stop());
  await jobs.start({ expire: (number) => decisions.expire(number), remind: (number) => decisions.remind(number) });

  const transitions = new Transitions({
    db,
    bus,
    outbox: jobs,
    onNews,
    onReceipt: (judged) => metrics.receiptJudged(judged),
    onRun: runReport({ metrics, log: (fields, message) => logger.info(fields, message) }),
  });
  const { concurrency, leaseSeconds, tickMs, graceMs, drainMs, enabled } = config.worker;
  const timekeeper = clocks(filing, { ...requestOptions, onError });
  const settings = { name, concurrency, leaseSeconds, tickMs, graceMs };
  const worker = new Worker({ ...world, transitions, ...settings, timekeeper, onError });
  if (enabled) worker.start();
  closers.push(() => worker.drain(drainMs));
  const searchIndex = new SearchIndex({ db, holder: name, onError });
  searchIndex.start();
  closers.push(() => searchIndex.stop());
  closers.push(await startSinks({ db, sinks: config.auditSinks, holder: name, onNews, onTrouble: onRefused }));
  closers.push(() => timekeeper.stop());

  const logCheck = new StandingCheck({
    db,
    onFinding: ({ message, ...about }) => logger.error(about, `the audit log does not hold: ${message}`),
    onTurn: () => changes?.changed('audit'),
    onError,
  });
  logCheck.start();
  closers.push(() => logCheck.stop());

  const tunnels = new Tunnels({ ...requestOptions, requests, gateway: name, onError });
  const draining = new AbortController();
  const readiness = new Readiness(() =>
    Promise.race([
      db.query(PING).then(
        () => undefined,
        () => 'The database does not answer.',
      ),
      sleep(READY_MS, 'The database has not answered in time.', { ref: false }),
    ]),
  );
  metrics.watch({
    version: VERSION,
    draining: readiness.closing,
    pool: db.pool,
    poolSize: config.poolSize,
    worker,
    workerSlots: enabled ? concurrency : 0,
    providers: () => catalog.providersUp,
    headsLate: () => sealLoop.late,
    logCheck: () => logCheck.standing,
    tunnels: () => tunnels.figures,
    shared: [openRequests(db), outboxBacklog(db, jobs.queues), sealLag(db), sinkLag(db, config.auditSinks)],
  });
  changes = new ChangeHub({
    bus,
    onError,
    requests: (numbers) => findRequests(db, numbers),
    sees: (principal, row) => requests.sees(principal, row),
    standing: (ids, now) => tokens.standing(ids, now),
  });
  const reads = new Reads({ db, catalog, calls, policy, limits });
  const services = {
    db,
    bus,
    catalog,
    policy,
    limits,
    tokens,
    ...signing,
    machines,
    cookies: new Cookies({ baseUrl }),
    throttles: new Throttles(),
    baseUrl,
    sealing: sealLoop,
    logCheck,
    changes,
    providerFigures: metrics.providerFigures,
    grants,
    reads,
    requests,
    decisions,
    tunnels,
    ...filers({ filing, requests }, requestOptions),
    directory,
    environments: new Environments({ names: config.environments, company: () => directory.company }),
    companyKeeper,
    reconciler: new Reconciler({ db, catalog, grants, policy }),
    policyTools: new PolicyTools({ db, catalog, directory, policy, requests, keeper, vocabulary }),
    version: VERSION,
    watchers: new StandingCallers({ tokens, onError }),
    draining: draining.signal,
  };
  const server = await createServer({
    ...services,
    logger,
    metrics,
    publicUrl: issuer,
    trustProxy: config.trustProxy,
    readiness,
    console: config.console,
  });
  closers.push(async () => {
    worker.takeNoMore();
    await readiness.announce(config.listen.announceMs);
    draining.abort();
    await tunnels.close();
    await closeServer(server, { limitMs: drainMs });
  });
  const address = await server.listen(config.listen).catch((error: unknown) => {
    throw cannotListen(config, error);
  });
  listening = address;
  logger.info({ url: address, worker: enabled ? name : 'off' }, 'guichet is open');
  return { url: address, server, tokens, directory, catalog, timekeeper, close: () => closeAll(closers) };
}

/** For the operator's own commands: the tokens and the company of a gateway that need not run. */
export async function withTokens<Result>(
  config: Config,
  work: (parts: { tokens: Tokens; directory: Directory; people: People }) => Promise<Result>,
): Promise<Result> {
  const closers: Closer[] = [];
  try {
    const directory = directoryOf(config, (await loadCompany(companyPaths(config), config)).company);
    const vocabulary = vocabularyOf({ config, directory });
    const { set } = loadPolicies(policyFolder(config), vocabulary);
    const policy = new Policy({ company: () => directory.company, set });
    const { db } = await openDatabase(config, { closers, onError: () => {} });
    const tenures = new Tenures({ db, oidc: config.identity.oidc });
    await tenures.settle(directory.company); // before something is given out to who was not there yet
    const tokens = new Tokens({ db, directory, policy, environments: config.environments });
    const baseUrl = (): string => config.publicUrl ?? '';
    const people = peopleOf({ db, directory, policy, settings: config.identity, tenures, baseUrl });
    return await work({ tokens, directory, people });
  } finally {
    await closeAll(closers);
  }
}

/** How long an operator's statement may take: counts of a log of many months read all of it. */
const OPERATOR_SECONDS = 30 * 60;

/** For the operator's own commands about keys: those of the configuration, and those that sign grants. */
export async function withKeys<Result>(
  config: Config,
  work: (parts: { db: Database; url: string; keyring: Keyring; sealer: Sealer; keys: GrantKeys }) => Promise<Result>,
): Promise<Result> {
  const closers: Closer[] = [];
  try {
    const { db, url } = await openDatabase(config, { closers, onError: () => {}, statementSeconds: OPERATOR_SECONDS });
    const keyring = await loadKeyring(config.sealing, config.folder);
    const sealer = await Sealer.start({ db, keyring });
    const { rotateAfter: rotateAfterMs, overlap: overlapMs } = config.grants;
    return await work({ db, url, keyring, sealer, keys: await GrantKeys.load({ db, sealer, rotateAfterMs, overlapMs }) });
  } finally {
    await closeAll(closers);
  }
}

export function directoryOf({ identity }: Config, company: Company): Directory {
  return new Directory({ company, admitClaims: identity.oidc?.admit === 'everyone' });
}

function policyOf(options: {
  config: Config;
  db: Database;
  directory: Directory;
  catalog: Catalog;
  onNews: (message: string) => void;
  onRefused: (message: string) => void;
  onError: (error: unknown) => void;
  onChange: () => void;
}): { policy: Policy; keeper: PolicyKeeper; vocabulary: () => Vocabulary } {
  const { config, db, directory, onNews, onRefused, onError, onChange } = options;
  const folder = policyFolder(config);
  const vocabulary = (): Vocabulary => vocabularyOf(options);
  const { set, warnings } = loadPolicies(folder, vocabulary());
  for (const { path, line, message } of warnings) onNews(`policies: ${path}:${line} ${message}`);
  const policy = new Policy({ company: () => directory.company, set });
  return {
    policy,
    vocabulary,
    keeper: new PolicyKeeper({ db, folder, policy, vocabulary, onChange, onNews, onRefused, onError }),
  };
}

export const companyPaths = ({ company, folder }: Config): string[] => [company].flat().map((path) => resolve(folder, path));

export const policyFolder = ({ policies, folder }: Config): string =>
  policies === undefined ? DEFAULT_POLICIES : resolve(folder, policies);

async function openDatabase(
  config: Config,
  { closers, onError, ...limits }: { closers: Closer[]; onError: (error: unknown) => void; statementSeconds?: number },
): Promise<{ url: string; db: Database }> {
  const url = await databaseUrl(config, { closers, onError });
  await migrate(url);
  const db = new Database({ url, poolSize: config.poolSize, onError, ...limits });
  closers.push(() => db.close());
  return { url, db };
}

async function databaseUrl(
  { database, folder }: Config,
  { closers, onError }: { closers: Closer[]; onError: (error: unknown) => void },
): Promise<string> {
  if ('url' in database) return database.url;
  const { dataDir, port } = database.embedded;
  const { url, stop } = await keepEmbedded({ dataDir: resolve(folder, dataDir), port, onError });
  closers.push(stop);
  return url;
}
