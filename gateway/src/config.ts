import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type FieldError, GuichetError, REQUEST_EVENTS, SCHEDULE_EVENTS, Slug } from '@guichet/contract';
import { parse } from 'yaml';
import { z } from 'zod';
import { AuditConfig, type AuditSettings, resolveAudit } from './audit/index.ts';
import { GrantsConfig } from './catalog/grants-config.ts';
import { consoleFolder } from './console-folder.ts';
import { Duration } from './duration.ts';
import { anyOf, check, invalidFile, notYaml, pointer, whyUnreadable } from './findings/index.ts';
import { IdentityConfig, type IdentitySettings, identityFindings, resolveIdentity } from './identity/config.ts';
import { machineFindings } from './identity/machines.ts';
import { LimitsConfig } from './limits/index.ts';
import { resolveSinks, type SinkSettings, SinksConfig } from './notify/sinks/config.ts';
import { resolveSealing, type Sealing, SealingConfig } from './sealing/index.ts';
import { resolveTracing, type Tracing, TracingConfig } from './telemetry/config.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

const receiptKey = z
  .string()
  .regex(/^k4\.public\.[A-Za-z0-9_-]{43}$/, 'must be k4.public. and 43 characters of base64url')
  .optional()
  .describe('The only key whose receipts are taken; the first one that is seen when absent');

const ProviderConfig = z.union([
  z.strictObject({ name: Slug, url: z.url({ protocol: /^https?$/ }).describe('A provider on the network'), receiptKey }),
  z.strictObject({
    name: Slug,
    module: z.string().describe('A module, mounted in this process: it exports mount(options)'),
    options: z.record(z.string(), z.unknown()).default({}),
    receiptKey,
  }),
]);

/** The file as it may be written; docs/guide/gateway.md describes every field. */
export const ConfigFile = z.strictObject({
  listen: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: z.int().min(0).max(65_535).default(4400),
      announceMs: z
        .int()
        .min(0)
        .max(120_000)
        .default(3000)
        .describe('How long /readyz says that it stops before it listens no more'),
    })
    .prefault({}),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Where callers and providers reach this gateway; http://HOST:PORT when absent'),
  database: z
    .union([
      z.strictObject({ url: z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// address') }),
      z.strictObject({ embedded: z.strictObject({ dataDir: z.string(), port: z.int().min(1).max(65_535).optional() }) }),
    ])
    .prefault({ embedded: { dataDir: '.data/gateway-db' } }),
  dataDir: z.string().default('.data').describe('Where mounted providers keep their ledgers and keys'),
  poolSize: z.int().min(2).max(200).default(16),
  environments: z.array(Slug).min(1).default(['production', 'staging']),
  policies: z.string().optional().describe('The folder of .cedar files that decide; rules to start with when absent'),
  company: z
    .union([z.string(), z.array(z.string()).min(1)])
    .describe('The YAML files of people, teams, services and machines, and folders of such files'),
  providers: z.array(ProviderConfig).default([]),
  grants: GrantsConfig.prefault({}),
  sealing: SealingConfig,
  audit: AuditConfig.prefault({}),
  windows: z.strictObject({ approval: Duration.prefault('24h'), start: Duration.prefault('1h') }).prefault({}),
  limits: LimitsConfig.prefault({}),
  identity: IdentityConfig.prefault({}),
  trustProxy: z
    .array(z.string().regex(/^[0-9a-fA-F.:]+(?:\/[0-9]{1,3})?$/, 'must be an address, or a network such as 10.0.0.0/8'))
    .default([])
    .describe('Proxies whose word for where a call comes from (x-forwarded-for) is taken'),
  worker: z
    .strictObject({
      enabled: z.boolean().default(true),
      concurrency: z.int().min(1).max(1000).default(16),
      leaseSeconds: z.int().min(2).max(9).default(7).describe('A worker that is silent for so long is dead'),
      tickMs: z.int().min(100).max(4000).default(2000),
      graceMs: z.int().min(0).max(60_000).default(5000).describe('How long a provider may take to stop'),
      drainMs: z.int().min(0).max(600_000).default(30_000).describe('How long runs may take to end when the gateway stops'),
    })
    .prefault({}),
  webhooks: z
    .array(
      z.strictObject({
        name: Slug,
        url: z.url({ protocol: /^https?$/ }),
        secretFromEnv: z.string().optional(),
        events: z.array(z.enum([...REQUEST_EVENTS, ...SCHEDULE_EVENTS])).optional(),
      }),
    )
    .default([]),
  auditSinks: SinksConfig,
  console: z
    .union([z.literal(false), z.string().min(1)])
    .optional()
    .describe('The folder of the built console; the one beside the gateway when absent; false for none'),
  tracing: TracingConfig,
  logLevel: z.enum(LOG_LEVELS).default('info'),
});

export type ProviderConfig = z.output<typeof ProviderConfig>;

export type Config = Omit<
  z.output<typeof ConfigFile>,
  'webhooks' | 'audit' | 'auditSinks' | 'sealing' | 'identity' | 'tracing' | 'console'
> & {
  /** The folder of the built console; undefined when none is served. */
  readonly console: string | undefined;
  readonly tracing: Tracing | undefined;
  readonly identity: IdentitySettings;
  readonly sealing: Sealing;
  readonly audit: AuditSettings;
  readonly auditSinks: readonly SinkSettings[];
  readonly webhooks: readonly { name: string; url: string; secret: string | undefined; events: readonly string[] | undefined }[];
  /** Paths in the configuration are relative to this folder. */
  readonly folder: string;
};

/** An environment variable that overrides a field of the file. */
interface Override {
  /** Path of the field. */
  readonly field: readonly [string, ...string[]];
  /** What the text stands for; undefined when it stands for nothing. */
  readonly read: (text: string) => unknown;
  readonly wants: string;
}

const asText = (text: string): string => text;
export const OVERRIDES: Readonly<Record<string, Override>> = {
  GUICHET_DATABASE_URL: { field: ['database'], read: (text) => ({ url: text }), wants: 'a postgres:// address' },
  GUICHET_HOST: { field: ['listen', 'host'], read: asText, wants: 'a host name or an address' },
  GUICHET_PORT: {
    field: ['listen', 'port'],
    read: (text) => (/^[0-9]{1,5}$/.test(text) ? Number(text) : undefined),
    wants: 'a whole number from 0 to 65535',
  },
  GUICHET_PUBLIC_URL: { field: ['publicUrl'], read: asText, wants: 'an http:// or https:// address' },
  GUICHET_LOG_LEVEL: { field: ['logLevel'], read: asText, wants: anyOf(LOG_LEVELS) },
  GUICHET_WORKER: {
    field: ['worker', 'enabled'],
    read: (text) => (text === 'on' ? true : text === 'off' ? false : undefined),
    wants: 'on or off',
  },
};

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The configuration: a YAML file, with the environment over it (GUICHET_DATABASE_URL, GUICHET_HOST, GUICHET_PORT,
 * GUICHET_PUBLIC_URL, GUICHET_LOG_LEVEL, GUICHET_WORKER). Refuses with the file or the variable, the field, what is
 * wrong and what to do.
 */
export function loadConfig(path: string, env: Environment = process.env, onUnset?: (finding: FieldError) => void): Config {
  return parseConfig(readYaml(path), { path, env, onUnset });
}

interface ParseOptions {
  readonly path: string;
  readonly env?: Environment;
  /** Told of variables that the file names and that are not set, which are then taken as empty: to look at files alone. */
  readonly onUnset?: ((finding: FieldError) => void) | undefined;
}

/** Checks a configuration that is already an object. `path` names it in errors and is what relative paths start from. */
export function parseConfig(file: unknown, { path, env = {}, onUnset }: ParseOptions): Config {
  const set = Object.entries(OVERRIDES).filter(([name]) => (env[name] ?? '') !== '');
  const whole = set.reduce((document, [name, override]) => overridden(document, { name, override, text: env[name] ?? '' }), file);
  const checked = check(ConfigFile, whole);
  if (!checked.ok) throw refused(checked.findings, { path, set });
  const contradictions = contradictionsOf(checked.value);
  if (contradictions.length > 0) throw refused(contradictions, { path, set });
  const { webhooks, audit, auditSinks, sealing, identity, tracing, console: named, ...rest } = checked.value;
  const folder = dirname(resolve(path));
  const built = consoleFolder(named, { folder });
  if ('finding' in built) throw refused([built.finding], { path, set });
  const variable = (name: string, field: string): string => variableOf(name, { path, field, env, onUnset });
  return {
    ...rest,
    ...built,
    folder,
    identity: resolveIdentity(identity, variable),
    sealing: resolveSealing(sealing, variable),
    tracing: resolveTracing(tracing, env),
    audit: resolveAudit(audit, variable),
    auditSinks: resolveSinks(auditSinks, variable),
    webhooks: webhooks.map(({ secretFromEnv, events, ...hook }, index) => ({
      ...hook,
      events,
      secret: secretFromEnv === undefined ? undefined : variable(secretFromEnv, `/webhooks/${index}/secretFromEnv`),
    })),
  };
}

function overridden(file: unknown, { name, override, text }: { name: string; override: Override; text: string }): unknown {
  const { field, read, wants } = override;
  const value = read(text);
  if (value === undefined) throw badVariable(name, wants);
  const [outer, inner] = field;
  if (!isRecord(file)) return file; // said of the file itself, in one place
  return { ...file, [outer]: inner === undefined ? value : { ...(isRecord(file[outer]) ? file[outer] : {}), [inner]: value } };
}

/** The text itself is not repeated: an address of a database holds a password. */
function badVariable(name: string, wants: string): GuichetError {
  return new GuichetError('config.invalid', `The environment variable ${name} must be ${wants}.`, {
    remedy: 'Mend it, or unset it to use what the file says.',
  });
}

/**
 * A worker that died is found within 10 s: its lease ends, and the next tick of any other worker sees it. The rest of
 * the 10 s is for the tick itself.
 */
const DETECTION_MS = 9500;

/** What no field says alone. */
function contradictionsOf(file: z.output<typeof ConfigFile>): FieldError[] {
  const { providers, webhooks, auditSinks, environments, worker } = file;
  const twice = (list: string, names: readonly string[], member = ''): FieldError[] =>
    names.flatMap((name, index) =>
      names.indexOf(name) === index
        ? []
        : [{ field: `/${list}/${index}${member}`, message: `'${name}' stands twice`, remedy: 'Name it once.' }],
    );
  const namesOf = (things: readonly { name: string }[]): string[] => things.map(({ name }) => name);
  const tooSlow = worker.tickMs * 2 > worker.leaseSeconds * 1000;
  const tooLate = worker.leaseSeconds * 1000 + worker.tickMs > DETECTION_MS;
  return [
    ...identityFindings(file),
    ...machineFindings(file),
    ...twice('environments', environments),
    ...twice('providers', namesOf(providers), '/name'),
    ...twice('webhooks', namesOf(webhooks), '/name'),
    ...twice('auditSinks', namesOf(auditSinks), '/name'),
    ...(tooSlow
      ? [
          {
            field: '/worker/tickMs',
            message: 'must be at most half of leaseSeconds',
            remedy: 'A worker renews its lease once a tick.',
          },
        ]
      : []),
    ...(tooLate
      ? [
          {
            field: '/worker/leaseSeconds',
            message: `and tickMs must come to ${DETECTION_MS / 1000} s at most`,
            remedy: `Lower one of them: a worker that died must be found within 10 s, and it takes the rest of its lease and a tick.`,
          },
        ]
      : []),
  ];
}

/** A finding about a field that the environment has set is about the variable, not about the file. */
function refused(
  findings: readonly FieldError[],
  { path, set }: { path: string; set: readonly (readonly [string, Override])[] },
): GuichetError {
  const variable = set.find(([, { field }]) => findings.some((finding) => finding.field.startsWith(pointer(field))));
  if (variable !== undefined) return badVariable(variable[0], variable[1].wants);
  return invalidFile(path, findings, 'docs/guide/gateway.md describes every field.');
}

/** What an environment variable that the file names holds. */
function variableOf(name: string, { path, field, env = {}, onUnset }: ParseOptions & { readonly field: string }): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  const finding = { field, message: `names the environment variable ${name}, which is not set`, remedy: 'Set it.' };
  if (onUnset === undefined) throw invalidFile(path, [finding]);
  onUnset({ ...finding, message: `${finding.message} here`, remedy: 'It must be where the gateway runs.' });
  return '';
}

function readYaml(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GuichetError('config.invalid', `The configuration ${path} cannot be read: ${whyUnreadable(cause)}.`, {
      remedy: 'Pass --config FILE; docs/guide/gateway.md has one to start from.',
      cause,
    });
  }
  try {
    return parse(text);
  } catch (error) {
    throw notYaml(path, error);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
