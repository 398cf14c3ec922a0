import { chmod, chown, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { Account } from '@guichet/postgres-server';
import type { InstanceSettings } from '../config.ts';
import { listenAddress, type ReplicasSettings } from './config.ts';
import type { ReplicaPaths } from './replica-folder.ts';
import type { ReplicaRecord } from './replica-record.ts';
import { replicationLogin } from './replication-session.ts';
import { settingsFile } from './server-settings.ts';

export interface ServerFiles {
  readonly record: ReplicaRecord;
  readonly paths: ReplicaPaths;
  readonly source: InstanceSettings;
  readonly replicas: ReplicasSettings;
  readonly account: Account | undefined;
  /** Of the source, as far as a replica takes them over. */
  readonly taken: ReadonlyMap<string, string>;
  /** How the passwords of the source are kept. */
  readonly passwords: 'md5' | 'scram-sha-256';
}

/** Makes a copied cluster a standby of its source, with a configuration of its own. */
export async function writeServerFiles(files: ServerFiles): Promise<void> {
  const { paths, account } = files;
  const inside = (name: string, text: string) => writeOwn(join(paths.dataDir, name), text, account);
  await writePassfile(files);
  await inside('postgresql.conf', settingsFile(settingsOf(files)));
  await inside('pg_hba.conf', accessRules(files));
  await inside('pg_ident.conf', '');
  await inside('standby.signal', '');
}

function settingsOf({ record, paths, source, replicas, taken }: ServerFiles): Map<string, string> {
  return new Map([
    ...taken,
    ...Object.entries(replicas.settings),
    // Last, so that nothing above can move it to another place, or let others in.
    ['port', String(record.port)],
    ['listen_addresses', listenAddress(replicas)],
    ['unix_socket_directories', ''],
    ['cluster_name', record.name],
    ['hot_standby', 'on'],
    ['archive_mode', 'off'],
    ['primary_conninfo', connectionOf(record, paths, source)],
    ['primary_slot_name', record.slot],
    ['recovery_target_timeline', 'latest'],
    // What the server itself says; statements of people, which hold data, do not go to a file.
    ['logging_collector', 'off'],
    ['log_destination', 'stderr'],
    ['log_min_messages', 'log'],
    ['log_min_error_statement', 'panic'],
    ['log_statement', 'none'],
  ]);
}

/** How the standby reaches its source, without the password: the settings can be seen from inside. */
function connectionOf({ name }: ReplicaRecord, paths: ReplicaPaths, source: InstanceSettings): string {
  const { tls } = source;
  const parameters = {
    host: source.host,
    port: String(source.port),
    user: replicationLogin(source).user,
    passfile: paths.passfile,
    application_name: name,
    connect_timeout: '10',
    ...(tls === false ? { sslmode: 'prefer' } : { sslmode: 'verify-full', sslrootcert: paths.authorities }),
  };
  return Object.entries(parameters)
    .map(([key, value]) => `${key}='${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`)
    .join(' ');
}

/** Everybody with a password, from where the configuration says, and nobody else: rules of the source speak of its machine. */
function accessRules({ replicas, passwords }: ServerFiles): string {
  return replicas.allowFrom.map((network) => `host all all ${network} ${passwords}\n`).join('');
}

/** Writes what the standby logs in to its source with, and whom it trusts to be the source; again when either has changed. */
export async function writePassfile({
  paths,
  source,
  account,
}: Pick<ServerFiles, 'paths' | 'source' | 'account'>): Promise<void> {
  const { user, password } = replicationLogin(source);
  const fields = [source.host, String(source.port), '*', user, password()];
  const line = fields.map((field) => field.replaceAll('\\', '\\\\').replaceAll(':', '\\:')).join(':');
  await writeOwn(paths.passfile, `${line}\n`, account);
  const { tls } = source;
  if (tls !== false) await writeOwn(paths.authorities, tls === true ? rootCertificates.join('\n') : tls.ca, account);
}

/** A file that only the account of the server reads; it is there whole, or as it was. */
async function writeOwn(path: string, text: string, account: Account | undefined): Promise<void> {
  const next = `${path}.next`;
  const file = await open(next, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(next, 0o600);
  if (account !== undefined) await chown(next, account.uid, account.gid);
  await rename(next, path);
}
