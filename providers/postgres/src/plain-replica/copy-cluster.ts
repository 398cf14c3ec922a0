import type pg from 'pg';
import { type BackupWish, BaseBackup } from './base-backup.ts';
import { TarReader } from './tar-reader.ts';
import { type ClusterPlace, ClusterWriter } from './write-cluster.ts';

export interface Copied {
  /** Where the WAL that a server on the copy needs begins. */
  readonly startLsn: string;
  /** A server that has replayed up to here is consistent. */
  readonly endLsn: string;
  readonly bytes: number;
}

/**
 * Copies a cluster over a replication connection. Ending the connection ends the backup on the source too, and makes this
 * reject. `tell` is given the bytes that have come and the estimate of all, which grows when the source does.
 */
export async function copyCluster(
  client: pg.Client,
  wish: BackupWish,
  place: ClusterPlace,
  tell: (done: number, total: number) => void,
): Promise<Copied> {
  const backup = client.query(new BaseBackup(wish));
  let archive: { writer: ClusterWriter; reader: TarReader } | undefined;
  let [startLsn, endLsn, done, total] = ['', '', 0, 0];
  const close = async () => {
    archive?.reader.finish();
    await archive?.writer.finish();
  };
  try {
    for await (const item of backup.items) {
      switch (item.kind) {
        case 'start':
          [startLsn, total] = [item.lsn, item.total];
          tell(0, total);
          break;
        case 'archive': {
          await close();
          const writer = new ClusterWriter(place, item.tablespace);
          archive = { writer, reader: new TarReader(writer) };
          break;
        }
        case 'data':
          if (archive === undefined) throw new Error('the backup has data before its first archive');
          await archive.reader.write(item.bytes);
          done += item.bytes.length;
          tell(done, Math.max(total, done));
          break;
        case 'end':
          await close();
          endLsn = item.lsn;
      }
    }
  } catch (error) {
    await archive?.writer.abandon();
    throw error;
  }
  if (endLsn === '') throw new Error('the backup has no end');
  return { startLsn, endLsn, bytes: done };
}
