import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { GuichetError, Slug } from '@guichet/contract';
import { parse } from 'yaml';
import { z } from 'zod';

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time as people write it (`90s`, `15m`, `24h`, `7d`), in milliseconds. */
const Duration = z
  .string()
  .regex(/^[1-9][0-9]{0,5}[smhd]$/, 'must look like 90s, 15m, 24h or 7d')
  .transform((text) => Number(text.slice(0, -1)) * UNITS[text.slice(-1) as keyof typeof UNITS]); // the pattern ends in a unit

const ProviderConfig = z.union([
  z.strictObject({ name: Slug, url: z.url({ protocol: /^https?$/ }).describe('A provider on the network') }),
  z.strictObject({
    name: Slug,
    module: z.string().describe('A module, mounted in this process: it exports mount(options)'),
    options: z.record(z.string(), z.unknown()).default({}),
  }),
]);

const ConfigFile = z.strictObject({
  listen: z.strictObject({ host: z.string().default('127.0.0.1'), port: z.int().min(0).max(65_535).default(4400) }).prefault({}),
  publicUrl: z.url().optional().describe('Where callers and providers reach this gateway; http://HOST:PORT when absent'),
  database: z
    .union([
      z.strictObject({ url: z.string() }),
      z.strictObject({ embedded: z.strictObject({ dataDir: z.string(), port: z.int().optional() }) }),
    ])
    .prefault({ embedded: { dataDir: '.data/gateway-db' } }),
  poolSize: z.int().min(2).max(200).default(16),
  environments: z.array(Slug).min(1).default(['production', 'staging']),
  company: z.string().describe('The YAML file of people, teams, services and machines'),
  providers: z.array(ProviderConfig).default([]),
  grantKeyFile: z
    .string()
    .default('.data/grant.key')
    .describe('The key that signs grants; made when missing; the same for all replicas'),
  windows: z.strictObject({ approval: Duration.prefault('24h'), start: Duration.prefault('1h') }).prefault({}),
  worker: z
    .strictObject({
      enabled: z.boolean().default(true),
      concurrency: z.int().min(1).max(1000).default(16),
      leaseSeconds: z.int().min(2).max(60).default(8).describe('A worker that is silent for so long is dead'),
      tickMs: z.int().min(100).max(10_000).default(2000),
      graceMs: z.int().min(0).max(60_000).default(5000).describe('How long a provider may take to stop'),
      drainMs: z.int().min(0).max(600_000).default(30_000).describe('How long runs may take to end when the gateway stops'),
    })
    .prefault({}),
  webhooks: z
    .array(
      z.strictObject({ name: Slug, url: z.url(), secretFromEnv: z.string().optional(), events: z.array(z.string()).optional() }),
    )
    .default([]),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export type ProviderConfig = z.output<typeof ProviderConfig>;

export type Config = Omit<z.output<typeof ConfigFile>, 'webhooks'> & {
  readonly webhooks: readonly { name: string; url: string; secret: string | undefined; events: readonly string[] | undefined }[];
  /** Paths in the configuration are relative to this folder. */
  readonly folder: string;
};

/** The environment variables that override the file. */
const OVERRIDES: Readonly<Record<string, (file: Record<string, unknown>, value: string) => void>> = {
  GUICHET_DATABASE_URL: (file, value) => Object.assign(file, { database: { url: value } }),
  GUICHET_HOST: (file, value) => Object.assign(file, { listen: { ...asRecord(file['listen']), host: value } }),
  GUICHET_PORT: (file, value) => Object.assign(file, { listen: { ...asRecord(file['listen']), port: Number(value) } }),
  GUICHET_PUBLIC_URL: (file, value) => Object.assign(file, { publicUrl: value }),
  GUICHET_LOG_LEVEL: (file, value) => Object.assign(file, { logLevel: value }),
  GUICHET_WORKER: (file, value) => Object.assign(file, { worker: { ...asRecord(file['worker']), enabled: value !== 'off' } }),
};

/**
 * The configuration: a YAML file, with the environment over it (GUICHET_DATABASE_URL, GUICHET_HOST, GUICHET_PORT,
 * GUICHET_PUBLIC_URL, GUICHET_LOG_LEVEL, GUICHET_WORKER=off). Refuses with the file, the field and what is wrong.
 */
export function loadConfig(path: string, env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const file = readYaml(path);
  for (const [name, apply] of Object.entries(OVERRIDES)) {
    const value = env[name];
    if (value !== undefined && value !== '') apply(file, value);
  }
  return parseConfig(file, { path, env });
}

/** Checks a configuration that is already an object. `path` names it in errors and is what relative paths start from. */
export function parseConfig(
  file: unknown,
  { path, env = {} }: { path: string; env?: Readonly<Record<string, string | undefined>> },
): Config {
  const parsed = ConfigFile.safeParse(file);
  if (!parsed.success) {
    const findings = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`);
    throw new GuichetError('config.invalid', `${path}: ${findings.join('; ')}`, {
      remedy: 'docs/guide/gateway.md describes every field.',
    });
  }
  const { webhooks, ...rest } = parsed.data;
  return {
    ...rest,
    folder: dirname(resolve(path)),
    webhooks: webhooks.map(({ secretFromEnv, events, ...hook }) => ({ ...hook, events, secret: secretOf(secretFromEnv, env) })),
  };
}

function secretOf(name: string | undefined, env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (name === undefined) return undefined;
  const value = env[name];
  if (value === undefined || value === '')
    throw new GuichetError('config.invalid', `webhooks: the environment variable ${name} is not set.`);
  return value;
}

function readYaml(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GuichetError('config.invalid', `The configuration ${path} cannot be read.`, {
      remedy: 'Pass --config FILE.',
      cause,
    });
  }
  try {
    return asRecord(parse(text));
  } catch (error) {
    throw new GuichetError(
      'config.invalid',
      `${path}: not valid YAML: ${error instanceof Error ? error.message : 'unknown error'}`,
    );
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
