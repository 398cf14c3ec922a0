import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@guichet/postgres-server';
import { ReplicaRecord } from './replica-record.ts';

const RECORD = 'replica.json';
/** Begin with a dot, which no name of an instance does. */
const BEGUN = '.begun-';
const GONE = '.gone-';

/** The paths of one replica. */
export interface ReplicaPaths {
  readonly home: string;
  readonly record: string;
  readonly dataDir: string;
  readonly tablespaces: string;
  readonly passfile: string;
  readonly authorities: string;
  readonly log: string;
}

/** The folder of all replicas: one folder in it for each, which is there whole, with its record, or not at all. */
export class ReplicaFolder {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  pathsOf(name: string): ReplicaPaths {
    const home = join(this.root, name);
    return {
      home,
      record: join(home, RECORD),
      dataDir: join(home, 'data'),
      tablespaces: join(home, 'tablespaces'),
      passfile: join(home, 'passfile'),
      authorities: join(home, 'authorities.pem'),
      log: join(home, 'server.log'),
    };
  }

  /** The record of a replica; undefined when there is none. */
  async read(name: string): Promise<ReplicaRecord | undefined> {
    try {
      return ReplicaRecord.parse(JSON.parse(await readFile(this.pathsOf(name).record, 'utf8')));
    } catch (error) {
      if (isErrno(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
      throw new Error(`${this.pathsOf(name).record} is no record of a replica`, { cause: error });
    }
  }

  /** All replicas, by name. Those whose record cannot be read are left out, and told. */
  async list(): Promise<{ readonly records: ReplicaRecord[]; readonly damaged: string[] }> {
    const names = await readdir(this.root).catch((error: unknown) => {
      if (isErrno(error) && error.code === 'ENOENT') return [];
      throw error;
    });
    const records: ReplicaRecord[] = [];
    const damaged: string[] = [];
    for (const name of names.filter((candidate) => !candidate.startsWith('.')).sort()) {
      try {
        const record = await this.read(name);
        if (record !== undefined) records.push(record);
      } catch {
        damaged.push(name);
      }
    }
    return { records, damaged };
  }

  /** Makes the folder of a replica with its record, in one step. False when one of that name is there. */
  async begin(record: ReplicaRecord): Promise<boolean> {
    makeFolder(this.root);
    const begun = join(this.root, `${BEGUN}${randomUUID()}`);
    // The account of the server passes through it to its data directory, and must not see the rest.
    await mkdir(begun, { mode: 0o711 });
    try {
      await writeDurably(join(begun, RECORD), JSON.stringify(record));
      await rename(begun, this.pathsOf(record.name).home);
      await syncFolder(this.root);
      return true;
    } catch (error) {
      await rm(begun, { recursive: true, force: true });
      if (isErrno(error) && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')) return false;
      throw error;
    }
  }

  async write(record: ReplicaRecord): Promise<void> {
    const { home, record: path } = this.pathsOf(record.name);
    const next = `${path}.next`;
    await writeDurably(next, JSON.stringify(record));
    await rename(next, path);
    await syncFolder(home);
  }

  /** Removes the folder of a replica; its record is gone first. */
  async remove(name: string): Promise<void> {
    const gone = join(this.root, `${GONE}${randomUUID()}`);
    await rename(this.pathsOf(name).home, gone).catch((error: unknown) => {
      if (!(isErrno(error) && error.code === 'ENOENT')) throw error;
    });
    await rm(gone, { recursive: true, force: true });
  }

  /** Removes what a process that died has left of `begin` and `remove`: nothing else knows of it. */
  async sweep(): Promise<void> {
    const names = await readdir(this.root).catch(() => []);
    for (const name of names) {
      const path = join(this.root, name);
      const left = name.startsWith(GONE) || (name.startsWith(BEGUN) && (await isOld(path)));
      // Another process may be at it as well.
      if (left) await rm(path, { recursive: true, force: true }).catch(() => {});
    }
  }
}

/** What is begun now is finished in milliseconds. */
async function isOld(path: string): Promise<boolean> {
  const made = await stat(path).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs > 3_600_000;
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}
