import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { GuichetError, Slug } from '@guichet/contract';
import { parse } from 'yaml';
import { z } from 'zod';

const LoginFields = z.strictObject({
  user: z.string().min(1).max(63),
  password: z.string().min(1).optional(),
  passwordFromEnv: z.string().min(1).optional().describe('Name of the environment variable that holds it'),
  passwordFromFile: z.string().min(1).optional().describe('Path of a file that holds it; read again for each connection'),
});

const LoginConfig = LoginFields.refine(
  ({ password, passwordFromEnv, passwordFromFile }) =>
    [password, passwordFromEnv, passwordFromFile].filter((way) => way !== undefined).length === 1,
  'must have exactly one of password, passwordFromEnv and passwordFromFile',
);

const InstanceConfig = z.strictObject({
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
});

const PostgresConfig = z
  .strictObject({
    team: Slug.default('platform').describe('The team that owns this provider'),
    watchSeconds: z.int().min(1).max(50).default(20).describe('So long a session may take to heed a signal'),
    instances: z.array(InstanceConfig).min(1),
  })
  .superRefine(({ instances }, context) => {
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

export interface LoginSettings {
  readonly user: string;
  /** Read when a connection is made, so that a password file can be rotated under a running provider. */
  readonly password: () => string;
}

/** How an instance is run, which decides how replicas of it are made. */
export type InstanceKind = 'plain' | 'rds';

export type InstanceSettings = Omit<z.output<typeof InstanceConfig>, 'observer' | 'actor' | 'admin' | 'tls'> & {
  readonly kind: InstanceKind;
  /** Where it was found: `configuration`, or the label of an InstanceSource. */
  readonly source: string;
  readonly tls: boolean | { readonly ca: string };
  readonly observer: LoginSettings;
  readonly actor: LoginSettings;
  readonly admin: LoginSettings | undefined;
};

/** The configuration, checked, with secrets resolved. */
export interface PostgresSettings {
  readonly team: string;
  readonly watchSeconds: number;
  readonly instances: readonly InstanceSettings[];
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
  const instances = parsed.data.instances.map((instance, index) => {
    const at = (field: string) => ({ at: `instances.${index}.${field}`, folder, env, findings });
    return {
      ...instance,
      kind: 'plain' as const,
      source: 'configuration',
      tls: typeof instance.tls === 'boolean' ? instance.tls : { ca: readSecret(instance.tls.caFile, at('tls.caFile')) },
      observer: resolveLogin(instance.observer, at('observer')),
      actor: resolveLogin(instance.actor, at('actor')),
      admin: instance.admin && resolveLogin(instance.admin, at('admin')),
    };
  });
  if (findings.length > 0) throw invalid(label, findings);
  return { ...parsed.data, instances };
}

interface Finding {
  readonly field: string;
  readonly message: string;
}

interface Place {
  readonly at: string;
  readonly folder: string;
  readonly env: ConfigSource['env'];
  readonly findings: Finding[];
}

function resolveLogin(login: z.output<typeof LoginFields>, place: Place): LoginSettings {
  const { user, password, passwordFromEnv, passwordFromFile } = login;
  if (password !== undefined) return { user, password: () => password };
  if (passwordFromEnv !== undefined) {
    const value = place.env[passwordFromEnv] ?? '';
    if (value === '') {
      place.findings.push({
        field: `${place.at}.passwordFromEnv`,
        message: `the environment variable ${passwordFromEnv} is not set`,
      });
    }
    return { user, password: () => value };
  }
  const path = resolve(place.folder, passwordFromFile ?? '');
  const first = readSecret(path, { ...place, at: `${place.at}.passwordFromFile` });
  if (first === '' && place.findings.length === 0) {
    place.findings.push({ field: `${place.at}.passwordFromFile`, message: `${path} is empty` });
  }
  return { user, password: () => readFileSync(path, 'utf8').trim() };
}

function readSecret(path: string, { at, folder, findings }: Place): string {
  try {
    return readFileSync(resolve(folder, path), 'utf8').trim();
  } catch {
    findings.push({ field: at, message: `${resolve(folder, path)} cannot be read` });
    return '';
  }
}

function findingsOf(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[] = []): Finding[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...path, key].join('.'), message: 'there is no such field' }));
  }
  return [{ field: path.join('.') || 'the top', message: issue.message }];
}

function invalid(label: string, findings: readonly Finding[]): GuichetError {
  const lines = findings.map(({ field, message }) => `${field}: ${message}`);
  return new GuichetError('config.invalid', `${label}: ${lines.join('; ')}`, {
    remedy: 'docs/guide/postgres.md describes every field.',
    errors: findings,
  });
}

function yamlError(error: unknown): { code: string; pos: number | undefined } {
  const { code, pos } = (error ?? {}) as { code?: unknown; pos?: unknown }; // members of the library's error, if it is one
  const start: unknown = Array.isArray(pos) ? pos[0] : undefined;
  return { code: typeof code === 'string' ? code : 'syntax', pos: typeof start === 'number' ? start : undefined };
}
