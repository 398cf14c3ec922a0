import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Slug } from '@guichet/contract';
import { z } from 'zod';
import { type InstanceLogins, LoginConfig, type LoginSettings, type Place, readSecret, resolveLogin } from '../login-config.ts';

/** Stands for the name of the instance in the path of a password file. */
const NAME = '{name}';

const Logins = z.strictObject({
  observer: LoginConfig,
  actor: LoginConfig,
  admin: LoginConfig.optional(),
  reader: LoginConfig.optional(),
});
type Logins = z.output<typeof Logins>;
type OwnLogins = { readonly [Role in keyof Logins]?: LoginConfig | undefined };

const Databases = z.array(z.string().min(1).max(63)).min(1);
const Tls = z.union([z.boolean(), z.strictObject({ caFile: z.string().min(1) })]);
const Poolers = z.array(z.union([z.ipv4(), z.ipv6()]));

export const CatalogueConfig = z.strictObject({
  file: z.string().min(1).describe('YAML or JSON, with a list of instances; read again when it changes'),
  logins: Logins.optional().describe('For instances of the file that name none'),
});

const RdsOverride = z.strictObject({
  ignore: z.boolean().default(false).describe('true: as if it was not there'),
  owner: Slug.optional(),
  environment: Slug.optional(),
  databases: Databases.optional(),
  observer: LoginConfig.optional(),
  actor: LoginConfig.optional(),
  admin: LoginConfig.optional(),
  reader: LoginConfig.optional(),
});

export const RdsConfig = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(?:-[a-z]+)+-[0-9]+$/, 'must be the name of a region, e.g. eu-west-1'),
  profile: z.string().min(1).optional().describe('Of the AWS configuration of this account, for instances of another one'),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Instead of the one of AWS: a private endpoint, or a stand-in'),
  tags: z
    .strictObject({ owner: z.string().min(1).default('owner'), environment: z.string().min(1).default('environment') })
    .default({ owner: 'owner', environment: 'environment' })
    .describe('Names of the tags that say who owns an instance, and in which environment it is'),
  owner: Slug.optional().describe('Of instances without that tag'),
  environment: Slug.optional().describe('Of instances without that tag'),
  databases: Databases.default(['postgres']),
  tls: Tls.default(true),
  poolers: Poolers.default([]),
  logins: Logins,
  overrides: z.record(z.string().min(1), RdsOverride).default({}).describe('By the identifier of the instance'),
  refreshSeconds: z.int().min(5).max(3600).default(60),
  pollSeconds: z.number().min(0.01).max(60).default(10).describe('So often AWS is asked how far a replica is'),
});

/** What people call a region; two accounts of one region differ by their profile. */
export function rdsLabel({ region, profile }: { readonly region: string; readonly profile?: string | undefined }): string {
  return profile === undefined ? `rds ${region}` : `rds ${region} (${profile})`;
}

/**
 * The logins of an instance by its name: the same object each time, so that nothing looks as if it had changed. Where it has
 * none of its own, `{name}` in the common ones is `head`: for a replica, the instance at the head of its chain.
 */
export type LoginsOf = (name: string, head?: string) => InstanceLogins;

export interface CatalogueSettings {
  /** An absolute path; paths inside the file are relative to its folder. */
  readonly file: string;
  readonly loginsOf: LoginsOf | undefined;
  /** Where passwords of its logins may be. */
  readonly env: Place['env'];
}

export type RdsSettings = Omit<z.output<typeof RdsConfig>, 'logins' | 'overrides' | 'tls'> & {
  readonly tls: boolean | { readonly ca: string };
  readonly loginsOf: LoginsOf;
  readonly overrides: Readonly<Record<string, Omit<z.output<typeof RdsOverride>, keyof Logins>>>;
};

export function resolveCatalogue({ file, logins }: z.output<typeof CatalogueConfig>, place: Place): CatalogueSettings {
  return {
    file: resolve(place.folder, file),
    env: place.env,
    loginsOf: logins && loginsOf(logins, {}, place),
  };
}

export function resolveRds({ logins, overrides, tls, ...rest }: z.output<typeof RdsConfig>, place: Place): RdsSettings {
  return {
    ...rest,
    overrides,
    tls: typeof tls === 'boolean' ? tls : { ca: readSecret(tls.caFile, { ...place, at: `${place.at}.tls.caFile` }) },
    loginsOf: loginsOf(logins, overrides, place),
  };
}

/** Checks now all that does not depend on a name: what is missing shows at start-up, not at somebody's first look. */
function loginsOf(logins: Logins, overrides: Readonly<Record<string, OwnLogins>>, place: Place): LoginsOf {
  const common = {
    observer: template(logins.observer, { ...place, at: `${place.at}.logins.observer` }),
    actor: template(logins.actor, { ...place, at: `${place.at}.logins.actor` }),
    admin: logins.admin && template(logins.admin, { ...place, at: `${place.at}.logins.admin` }),
    reader: logins.reader && template(logins.reader, { ...place, at: `${place.at}.logins.reader` }),
  };
  const own = new Map(
    Object.entries(overrides).map(([name, { observer, actor, admin, reader }]) => {
      const at = (field: string): Place => ({ ...place, at: `${place.at}.overrides.${name}.${field}` });
      return [
        name,
        {
          observer: observer && template(observer, at('observer')),
          actor: actor && template(actor, at('actor')),
          admin: admin && template(admin, at('admin')),
          reader: reader && template(reader, at('reader')),
        },
      ] as const;
    }),
  );
  const made = new Map<string, ReturnType<LoginsOf>>();
  return (name, head = name) => {
    const key = `${name} ${head}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const mine = own.get(name);
    const fresh = {
      observer: mine?.observer?.(name) ?? common.observer(head),
      actor: mine?.actor?.(name) ?? common.actor(head),
      admin: mine?.admin?.(name) ?? common.admin?.(head),
      reader: mine?.reader?.(name) ?? common.reader?.(head),
    };
    made.set(key, fresh);
    return fresh;
  };
}

function template(login: LoginConfig, place: Place): (name: string) => LoginSettings {
  const path = login.passwordFromFile;
  if (path?.includes(NAME) !== true) {
    const settings = resolveLogin(login, place);
    return () => settings;
  }
  return (name) => ({
    user: login.user,
    password: () => readFileSync(resolve(place.folder, path.replaceAll(NAME, name)), 'utf8').trim(),
  });
}
