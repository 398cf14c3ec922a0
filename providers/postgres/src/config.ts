import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { GuichetError, Slug } from '@guichet/contract';
import { parse } from 'yaml';
import { z } from 'zod';
import {
  CatalogueConfig,
  type CatalogueSettings,
  RdsConfig,
  type RdsSettings,
  rdsLabel,
  resolveCatalogue,
  resolveRds,
} from './inventory/config.ts';
import { ConnectConfig, type ConnectSettings } from './lease/connect-config.ts';
import {
  type Finding,
  findingsOf,
  type InstanceLogins,
  LoginConfig,
  type LoginSettings,
  type Place,
  readSecret,
  resolveLogin,
} from './login-config.ts';
import { ReplicasConfig, type ReplicasSettings, resolveReplicas } from './plain-replica/config.ts';
import type { RdsFacts } from './rds/facts.ts';
import { SHIPPED_PRICES } from './rds/price-table.ts';

/** An instance as people write it, in the configuration or in a catalogue. */
export const InstanceConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/, 'must be letters, digits, dots, hyphens and underscores, at most 63 of them'),
  environment: Slug,
  owner: Slug.describe('The team that owns it: its members approve work on it'),
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).default(5432),
  databases: z
    .array(z.string().min(1).max(63))
    .min(1)
    .default(['postgres'])
    .describe('Where the logins may connect; the first is used for everything that is seen from any database'),
  tls: z
    .union([z.boolean(), z.strictObject({ caFile: z.string().min(1) })])
    .default(false)
    .describe('true: verified against the authorities that Node trusts; caFile: against that authority'),
  poolers: z
    .array(z.union([z.ipv4(), z.ipv6()]))
    .default([])
    .describe('Addresses from which connection poolers connect, where their name does not tell'),
  observer: LoginConfig,
  actor: LoginConfig,
  admin: LoginConfig.optional().describe(
    'Makes roles, reads rows and looks after tables; without it the actions that need one refuse',
  ),
  reader: LoginConfig.optional().describe('Reads rows and can do nothing else: for run-sql and explain; the admin when absent'),
  replication: LoginConfig.optional().describe('Copies the server for read replicas, which follow it by this login'),
});

const PostgresConfig = z
  .strictObject({
    team: Slug.default('platform').describe('The team that owns this provider'),
    watchSeconds: z.int().min(1).max(50).default(20).describe('So long a session may take to heed a signal'),
    instances: z.array(InstanceConfig).default([]),
    connect: ConnectConfig.prefault({}).describe('What a lease may do, and how long it may be idle'),
    catalogue: CatalogueConfig.optional().describe('A file that lists more instances'),
    rds: z.array(RdsConfig).default([]).describe('Regions of AWS whose RDS instances are found by themselves'),
    prices: z.string().min(1).optional().describe('Table of prices of RDS, for estimates; a small one is shipped'),
    replicas: ReplicasConfig.optional().describe('Where read replicas are made of what is not on RDS'),
  })
  .superRefine(({ instances, catalogue, rds }, context) => {
    if (instances.length === 0 && catalogue === undefined && rds.length === 0) {
      const message = 'must name an instance, where neither catalogue nor rds says where to find some';
      context.addIssue({ code: 'custom', path: ['instances'], message });
    }
    const regions = new Set<string>();
    for (const [index, region] of rds.entries()) {
      const label = rdsLabel(region);
      if (regions.has(label)) {
        const message = `'${region.region}' is there twice; another account of it needs a profile`;
        context.addIssue({ code: 'custom', path: ['rds', index, 'region'], message });
      }
      regions.add(label);
    }
    const names = new Set<string>();
    for (const [index, { name }] of instances.entries()) {
      if (names.has(name)) {
        context.addIssue({ code: 'custom', path: ['instances', index, 'name'], message: `'${name}' is there twice` });
      }
      names.add(name);
    }
  });

/** The configuration as people write it. */
export type PostgresConfigInput = z.input<typeof PostgresConfig>;

/** What `InstanceSettings.source` says of those that stand in the configuration itself. */
export const CONFIGURATION = 'configuration';

/** How an instance is run, which decides how replicas of it are made. */
export type InstanceKind = 'plain' | 'rds';

export type InstanceSettings = Omit<z.output<typeof InstanceConfig>, keyof InstanceLogins | 'replication' | 'tls'> &
  InstanceLogins & {
    readonly kind: InstanceKind;
    /** Where it was found: `CONFIGURATION`, or the label of an InstanceSource. */
    readonly source: string;
    /** Name of the instance that it follows, where that is known without asking it. */
    readonly replicaOf?: string | undefined;
    /** What AWS says of it; undefined for what is not on RDS. */
    readonly rds?: RdsFacts | undefined;
    readonly tls: boolean | { readonly ca: string };
    readonly replication?: LoginSettings | undefined;
  };

/** The configuration, checked, with secrets resolved. */
export interface PostgresSettings {
  readonly team: string;
  readonly watchSeconds: number;
  readonly instances: readonly InstanceSettings[];
  readonly catalogue: CatalogueSettings | undefined;
  readonly rds: readonly RdsSettings[];
  /** Path of the table of prices. */
  readonly prices: string;
  readonly replicas: ReplicasSettings | undefined;
  readonly connect: ConnectSettings;
}

export interface ConfigSource {
  /** Names the configuration in errors, e.g. its file. */
  readonly label: string;
  /** Paths in it are relative to this folder. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads a YAML file. Throws `config.invalid` with the file, the field and what is wrong; never with a value of it. */
export function loadPostgresConfig(path: string, env: ConfigSource['env'] = process.env): PostgresSettings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GuichetError('config.invalid', `The configuration ${path} cannot be read.`, {
      remedy: 'Check the path, and that this account may read it.',
      cause,
    });
  }
  let config: unknown;
  try {
    config = parse(text, { prettyErrors: false }); // a pretty error quotes the line, and lines hold passwords
  } catch (error) {
    const { code, pos } = yamlError(error);
    const line = pos === undefined ? '' : ` (line ${text.slice(0, pos).split('\n').length})`;
    throw new GuichetError('config.invalid', `${path}: not valid YAML: ${code}${line}.`, {
      remedy: 'docs/guide/postgres.md has an example.',
    });
  }
  return parsePostgresConfig(config, { label: path, folder: dirname(resolve(path)), env });
}

/** Checks a configuration that is already an object. Throws `config.invalid` as `loadPostgresConfig` does. */
export function parsePostgresConfig(config: unknown, source: Partial<ConfigSource> = {}): PostgresSettings {
  const { label = 'The configuration of PostgreSQL', folder = process.cwd(), env = process.env } = source;
  const parsed = PostgresConfig.safeParse(config);
  if (!parsed.success) {
    throw invalid(
      label,
      parsed.error.issues.flatMap((issue) => findingsOf(issue)),
    );
  }
  const findings: Finding[] = [];
  const at = (field: string): Place => ({ at: field, folder, env, findings });
  const { instances, catalogue, rds, prices, replicas, ...rest } = parsed.data;
  const settings = {
    ...rest,
    instances: instances.map((instance, index) => resolveInstance(instance, at(`instances.${index}`))),
    catalogue: catalogue && resolveCatalogue(catalogue, at('catalogue')),
    rds: rds.map((region, index) => resolveRds(region, at(`rds.${index}`))),
    prices: prices === undefined ? SHIPPED_PRICES : resolve(folder, prices),
    replicas: replicas && resolveReplicas(replicas, at('replicas')),
  };
  if (findings.length > 0) throw invalid(label, findings);
  return settings;
}

/** An instance with its secrets resolved; what cannot be is added to the findings. */
export function resolveInstance(instance: z.output<typeof InstanceConfig>, place: Place): InstanceSettings {
  const { tls, observer, actor, admin, reader, replication } = instance;
  const at = (field: string): Place => ({ ...place, at: `${place.at}.${field}` });
  return {
    ...instance,
    kind: 'plain',
    source: CONFIGURATION,
    tls: typeof tls === 'boolean' ? tls : { ca: readSecret(tls.caFile, at('tls.caFile')) },
    observer: resolveLogin(observer, at('observer')),
    actor: resolveLogin(actor, at('actor')),
    admin: admin && resolveLogin(admin, at('admin')),
    reader: reader && resolveLogin(reader, at('reader')),
    replication: replication && resolveLogin(replication, at('replication')),
  };
}

function invalid(label: string, findings: readonly Finding[]): GuichetError {
  const lines = findings.map(({ field, message }) => `${field}: ${message}`);
  return new GuichetError('config.invalid', `${label}: ${lines.join('; ')}`, {
    remedy: 'docs/guide/postgres.md describes every field.',
    errors: findings,
  });
}

/** What the library says of a text that is no YAML, without the text. */
export function yamlError(error: unknown): { code: string; pos: number | undefined } {
  const { code, pos } = (error ?? {}) as { code?: unknown; pos?: unknown }; // members of the library's error, if it is one
  const start: unknown = Array.isArray(pos) ? pos[0] : undefined;
  return { code: typeof code === 'string' ? code : 'syntax', pos: typeof start === 'number' ? start : undefined };
}
