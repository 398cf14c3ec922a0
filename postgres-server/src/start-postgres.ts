import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GuichetError } from '@guichet/contract';
import pg from 'pg';
import { serverAccount } from './account.ts';
import { binariesOf, type Major } from './binaries.ts';
import { openCluster, rememberPassword } from './cluster.ts';
import { stopLeftover } from './ownership.ts';
import { type Exit, LaunchFailure, type LaunchOptions, launchPostmaster, type Postmaster } from './postmaster.ts';

export interface StartOptions {
  /** Made when it is missing or empty. As root, a folder that the account which runs PostgreSQL can reach. */
  readonly dataDir: string;
  /** A free one when absent. */
  readonly port?: number;
  /** 18 when absent. */
  readonly major?: Major;
  /** Instead of the binaries that npm brings: the folder of an installation of that major, with `bin` in it. */
  readonly installation?: string | undefined;
  /** Parameters of the server, e.g. `{ shared_preload_libraries: 'pg_stat_statements' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Of the superuser `postgres`. When absent: the one that it has, a random one for a new data directory. */
  readonly password?: string;
  /** What the server says is appended to it; `server.log` in the data directory when absent. */
  readonly logFile?: string;
}

export interface UrlOptions {
  /** `postgres` when absent. */
  readonly database?: string;
  /** `postgres`, the superuser, when absent. */
  readonly user?: string;
  /** The superuser's when user and password are absent. */
  readonly password?: string;
}

export interface PostgresServer {
  /** Of the superuser, database `postgres`. */
  readonly url: string;
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly major: Major;
  readonly pid: number;
  readonly dataDir: string;
  readonly logFile: string;
  /** Settles when the server process has ended, whoever ended it. */
  readonly exited: Promise<Exit>;
  urlFor(options?: UrlOptions): string;
  /** Comes back when the process has ended; `fast` when absent. May be called twice. */
  stop(options?: { readonly mode?: 'fast' | 'immediate' }): Promise<void>;
}

/**
 * Starts a PostgreSQL server that listens on 127.0.0.1 alone, with passwords (scram-sha-256), and comes back when it
 * takes connections. It ends with this process, however that ends. A server left on the data directory by a process
 * that is dead is stopped first; one whose process lives is left alone.
 *
 * Errors: `config.invalid`, with what the server said.
 */
export async function startPostgres(options: StartOptions): Promise<PostgresServer> {
  const { major = 18, settings = {} } = options;
  const dataDir = resolve(options.dataDir);
  const logFile = options.logFile === undefined ? join(dataDir, 'server.log') : resolve(options.logFile);
  const account = serverAccount();
  const binaries = options.installation ?? (await binariesOf(major, account));
  await stopLeftover(dataDir);
  const known = await openCluster({ dataDir, major, binaries, password: options.password, account });
  const { postmaster, port } = await launch({ binaries, dataDir, settings, logFile, account }, options.port);
  const password = options.password ?? known;
  const urlFor = urlsOf(port, password);
  if (password !== known) await changePassword({ dataDir, password, url: urlsOf(port, known)() });
  return {
    url: urlFor(),
    host: '127.0.0.1',
    port,
    major,
    pid: postmaster.pid,
    dataDir,
    logFile,
    exited: postmaster.exited,
    urlFor,
    stop: ({ mode = 'fast' } = {}) => postmaster.stop(mode),
  };
}

/** Launches, and again where trying again helps: the port was taken meanwhile, or a dead server's last sessions linger. */
async function launch(
  options: Omit<LaunchOptions, 'port'>,
  wanted: number | undefined,
): Promise<{ postmaster: Postmaster; port: number }> {
  for (let tries = 1; ; tries++) {
    const port = wanted ?? (await freePort());
    try {
      return { postmaster: await launchPostmaster({ ...options, port }), port };
    } catch (error) {
      if (!(error instanceof LaunchFailure)) throw error;
      const portTaken = error.log.includes('Address already in use');
      const lingering = error.log.includes('is still in use');
      if (tries < 20 && ((portTaken && wanted === undefined) || lingering)) await sleep(lingering ? 500 : 0);
      else throw launchFailed({ dataDir: options.dataDir, logFile: options.logFile, port, portTaken }, error);
    }
  }
}

function launchFailed(
  at: { dataDir: string; logFile: string; port: number; portTaken: boolean },
  failure: LaunchFailure,
): GuichetError {
  const fatal = failure.log.split('\n').filter((line) => /FATAL|HINT|not ready after/.test(line));
  const said = (fatal.length > 0 ? fatal : failure.log.trim().split('\n').slice(-3)).join(' ');
  return new GuichetError('config.invalid', `PostgreSQL did not start on ${at.dataDir}: ${said || 'it said nothing'}`, {
    remedy: at.portTaken ? `Port ${at.port} is taken: free it, or choose another.` : `See ${at.logFile}.`,
    cause: failure,
  });
}

/** A port of 127.0.0.1 that is free at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', done);
  });
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

function urlsOf(port: number, superuserPassword: string): (options?: UrlOptions) => string {
  return ({ database = 'postgres', user = 'postgres', password } = {}) => {
    const url = new URL(`postgres://127.0.0.1:${port}/${encodeURIComponent(database)}`);
    url.username = encodeURIComponent(user);
    url.password = encodeURIComponent(password ?? (user === 'postgres' ? superuserPassword : ''));
    return url.href;
  };
}

async function changePassword({ dataDir, password, url }: { dataDir: string; password: string; url: string }): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`ALTER ROLE postgres PASSWORD ${pg.escapeLiteral(password)}`);
  } finally {
    await client.end();
  }
  await rememberPassword(dataDir, password);
}
