import { chown, type FileHandle, mkdir, open, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TarEntry, TarSink } from './tar-reader.ts';

/**
 * What a server needs of its data directory. Nothing else is taken: people keep keys, passwords and logs there, and the
 * configuration of a replica is its own.
 */
const NEEDED = new Set(
  `base global pg_commit_ts pg_dynshmem pg_logical pg_multixact pg_notify pg_replslot pg_serial pg_snapshots pg_stat
  pg_stat_tmp pg_subtrans pg_tblspc pg_twophase pg_wal pg_xact PG_VERSION backup_label`.split(/\s+/),
);

/** Files that may be on their way to the disk at once. */
const MOST_SYNCING = 16;

export interface ClusterPlace {
  /** The data directory that is written; it exists. */
  readonly dataDir: string;
  /** Where tablespaces go, each in a folder named after its oid. */
  readonly tablespaces: string;
  /** Who owns what is written, when that is not who writes it. */
  readonly account: { readonly uid: number; readonly gid: number } | undefined;
  /** Whether what was written must outlive a crash of the machine. */
  readonly durable: boolean;
}

/** Writes one archive of a backup: the data directory, or the tablespace of an oid. */
export class ClusterWriter implements TarSink {
  readonly #place: ClusterPlace;
  readonly #root: string;
  readonly #whole: boolean;
  readonly #syncing = new Set<Promise<void>>();
  #file: FileHandle | undefined;

  constructor(place: ClusterPlace, tablespace: string | undefined) {
    this.#place = place;
    this.#root = tablespace === undefined ? place.dataDir : join(place.tablespaces, tablespace);
    this.#whole = tablespace !== undefined;
  }

  async entry({ path, kind }: TarEntry): Promise<void> {
    if (path === '' || (!this.#whole && !NEEDED.has(path.split('/')[0] ?? ''))) return;
    const at = join(this.#root, path);
    if (kind === 'folder') await makeOwnFolder(at, this.#place.account);
    else if (kind === 'file') this.#file = await this.#create(at);
    else {
      // A tablespace is elsewhere on the machine of the source; here it is below our own folder.
      const oid = /^pg_tblspc\/(\d+)$/.exec(path)?.[1];
      if (oid === undefined) return;
      const target = join(this.#place.tablespaces, oid);
      await makeOwnFolder(target, this.#place.account);
      await symlink(target, at);
    }
  }

  async data(bytes: Buffer): Promise<void> {
    if (this.#file === undefined) return;
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, at);
      at += bytesWritten;
    }
  }

  async end(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    if (!this.#place.durable) return file.close();
    const syncing = file
      .sync()
      .finally(() => file.close())
      .finally(() => this.#syncing.delete(syncing));
    this.#syncing.add(syncing);
    if (this.#syncing.size >= MOST_SYNCING) await Promise.race(this.#syncing);
  }

  /** Comes back when every file is closed, and on the disk where that is asked for. */
  async finish(): Promise<void> {
    await Promise.all(this.#syncing);
  }

  /** Closes what is open, whatever became of it. */
  async abandon(): Promise<void> {
    await this.#file?.close().catch(() => {});
    await Promise.allSettled(this.#syncing);
  }

  async #create(path: string): Promise<FileHandle> {
    const file = await open(path, 'w', 0o600);
    const { account } = this.#place;
    if (account !== undefined) await file.chown(account.uid, account.gid);
    return file;
  }
}

/** A folder that only the account of the server can enter, and those above it that are missing. Others are left as they are. */
async function makeOwnFolder(path: string, account: ClusterPlace['account']): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined || account === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await chown(made, account.uid, account.gid);
}
