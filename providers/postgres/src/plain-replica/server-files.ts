import { chmod, chown, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { Account } from '@guichet/postgres-server';
import type { InstanceSettings } from '../config.ts';
import { listenAddress, type ReplicasSettings } from './config.ts';
import type { ReplicaPaths } from './replica-folder.ts';
import type { ReplicaRecord } from './replica-record.ts';
import { replicationLogin } from './replication-session.ts';
import { settingsFile } from './server-settings.ts';

/** What the configuration of the provider decides of a replica's server. It may change while the replica is there. */
export interface ServerFiles {
  readonly record: ReplicaRecord;
  readonly paths: ReplicaPaths;
  readonly source: InstanceSettings;
  readonly replicas: ReplicasSettings;
  readonly account: Account | undefined;
}

const OWN_SETTINGS = 'guichet.conf';
const CERTIFICATE = 'guichet.crt';
const KEY = 'guichet.key';

/** Makes a copied cluster a standby. `taken` are the settings of the source that it takes over. */
export async function writeServerFiles(files: ServerFiles, taken: ReadonlyMap<string, string>): Promise<void> {
  const { paths, account } = files;
  // Included last: what we decide counts more than what was taken over.
  const text = `${settingsFile(taken)}include '${OWN_SETTINGS}'\n`;
  await writeOwn(join(paths.dataDir, 'postgresql.conf'), text, account);
  await writeOwn(join(paths.dataDir, 'pg_ident.conf'), '', account);
  await writeOwn(join(paths.dataDir, 'standby.signal'), '', account);
  await renewServerFiles(files);
}

/** Writes what follows from the configuration as it is now. True when that is something else than what was written before. */
export async function renewServerFiles(files: ServerFiles): Promise<boolean> {
  const { paths, source, account } = files;
  const { tls } = files.replicas;
  const texts = new Map([
    [paths.passfile, passfile(source)],
    ...(source.tls === false
      ? []
      : ([[paths.authorities, source.tls === true ? rootCertificates.join('\n') : source.tls.ca]] as const)),
    [join(paths.dataDir, OWN_SETTINGS), settingsFile(ownSettings(files))],
    [join(paths.dataDir, 'pg_hba.conf'), accessRules(files)],
    ...(tls === undefined ? [] : await certificates(paths, tls)),
  ]);
  let changed = false;
  for (const [path, text] of texts) {
    if ((await readFile(path, 'utf8').catch(() => undefined)) === text) continue;
    await writeOwn(path, text, account);
    changed = true;
  }
  return changed;
}

/** Copies: PostgreSQL takes no key that others may read, and runs as another account than whoever has it. */
async function certificates(
  { dataDir }: ReplicaPaths,
  { certFile, keyFile }: NonNullable<ReplicasSettings['tls']>,
): Promise<(readonly [string, string])[]> {
  return [
    [join(dataDir, CERTIFICATE), await readFile(certFile, 'utf8')],
    [join(dataDir, KEY), await readFile(keyFile, 'utf8')],
  ];
}

function ownSettings({ record, paths, source, replicas }: ServerFiles): Map<string, string> {
  return new Map([
    ...Object.entries(replicas.settings),
    // Last, so that nothing above can move it to another place, or let others in.
    ['port', String(record.port)],
    ['listen_addresses', listenAddress(replicas)],
    ['unix_socket_directories', ''],
    ['cluster_name', record.name],
    ...(replicas.tls === undefined
      ? [['ssl', 'off'] as const]
      : ([
          ['ssl', 'on'],
          ['ssl_cert_file', CERTIFICATE],
          ['ssl_key_file', KEY],
        ] as const)),
    ['hot_standby', 'on'],
    ['archive_mode', 'off'],
    ['primary_conninfo', connectionOf(record, paths, source)],
    ['primary_slot_name', record.slot],
    ['recovery_target_timeline', 'latest'],
    // A source that was restarted is followed again at once.
    ['wal_retrieve_retry_interval', '1s'],
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
function accessRules({ replicas, record }: ServerFiles): string {
  const how = replicas.tls === undefined ? 'host' : 'hostssl';
  return replicas.allowFrom.map((network) => `${how} all all ${network} ${record.passwords}\n`).join('');
}

/** What the standby logs in to its source with. */
function passfile(source: InstanceSettings): string {
  const { user, password } = replicationLogin(source);
  const fields = [source.host, String(source.port), '*', user, password()];
  return `${fields.map((field) => field.replaceAll('\\', '\\\\').replaceAll(':', '\\:')).join(':')}\n`;
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
