import type { Connection, Submittable } from 'pg';
import { CopyStream, Pieces } from './copy-stream.ts';

export interface BackupWish {
  /** `server_version_num` of the source. */
  readonly version: number;
  readonly label: string;
  /** Bytes in a second that the source may send; as fast as it can when absent. */
  readonly maxRate?: number | undefined;
}

/** What comes of a backup, in its order: first `start`, then each archive with its data, then `end`. */
export type BackupItem =
  | { readonly kind: 'start'; readonly lsn: string; readonly total: number }
  /** A tar archive begins. `tablespace` is its oid; undefined for the data directory itself. */
  | { readonly kind: 'archive'; readonly tablespace: string | undefined }
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'end'; readonly lsn: string };

interface Tablespace {
  readonly oid: string | undefined;
  readonly location: string | undefined;
  readonly kilobytes: number;
}

/**
 * The command BASE_BACKUP of the streaming replication protocol, as a query of `pg`: the server begins a backup, sends
 * its files as tar archives, with a backup_label, and ends it. When the connection ends, so does the backup.
 *
 * Before PostgreSQL 15 each archive is a copy of its own; from 15 on there is one copy, whose messages say what they are.
 */
export class BaseBackup implements Submittable {
  readonly items: CopyStream<BackupItem>;
  readonly #text: string;
  readonly #pieces: Pieces;
  readonly #tablespaces: Tablespace[] = [];
  readonly #typed: boolean;
  #connection: Connection | undefined;
  #results = 0;
  #row: readonly (string | null)[] = [];
  #startLsn = '';
  #archive = 0;
  #beganCopy = () => {};

  constructor(wish: BackupWish) {
    this.#text = commandOf(wish);
    this.#typed = wish.version >= 150_000;
    this.items = new CopyStream(() => {
      if (this.#connection === undefined) throw new Error('the backup has not been asked for');
      return this.#connection.stream;
    });
    this.#pieces = new Pieces((bytes) => this.items.push({ kind: 'data', bytes }));
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    this.#beganCopy = () => {
      if (!this.#typed) this.#beginArchive(this.#tablespaces[this.#archive++]?.oid);
    };
    connection.on('copyOutResponse', this.#beganCopy);
    connection.query(this.#text);
  }

  // The rest is called by the driver, for each message of the server.

  handleRowDescription(): void {}

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    this.#row = fields;
    if (this.#results === 1) {
      const [oid, location, kilobytes] = fields;
      this.#tablespaces.push({ oid: oid ?? undefined, location: location ?? undefined, kilobytes: Number(kilobytes ?? 0) });
    }
  }

  handleCommandComplete(): void {
    const [lsn] = this.#row;
    this.#results += 1;
    if (this.#results === 1) this.#startLsn = lsn ?? '';
    if (this.#results === 2) {
      const total = this.#tablespaces.reduce((sum, { kilobytes }) => sum + kilobytes * 1024, 0);
      this.items.push({ kind: 'start', lsn: this.#startLsn, total });
    }
    if (this.#results === 3) {
      this.#pieces.flush();
      this.items.push({ kind: 'end', lsn: lsn ?? '' });
    }
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    const kind = this.#typed ? chunk.toString('latin1', 0, 1) : undefined;
    if (kind === undefined) this.#pieces.add(chunk);
    else if (kind === 'd') this.#pieces.add(chunk.subarray(1));
    else if (kind === 'n') {
      // Name of the archive and location of the tablespace, each ended by a zero.
      const location = chunk.toString('utf8', 1).split('\0')[1] ?? '';
      this.#beginArchive(this.#tablespaces.find((candidate) => (candidate.location ?? '') === location)?.oid);
    }
    // Else it is progress, which we count ourselves.
  }

  handleError(error: Error): void {
    this.#detach();
    this.items.end(error);
  }

  handleReadyForQuery(): void {
    this.#detach();
    this.items.end();
  }

  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}

  #beginArchive(tablespace: string | undefined): void {
    this.#pieces.flush();
    this.items.push({ kind: 'archive', tablespace });
  }

  #detach(): void {
    this.#connection?.off('copyOutResponse', this.#beganCopy);
  }
}

function commandOf({ version, label, maxRate }: BackupWish): string {
  const name = label.replaceAll("'", "''");
  const rate = maxRate === undefined ? undefined : Math.min(1_048_576, Math.max(32, Math.round(maxRate / 1024)));
  if (version >= 150_000) {
    const options = [`LABEL '${name}'`, 'PROGRESS true', "CHECKPOINT 'fast'", 'WAIT false'];
    if (rate !== undefined) options.push(`MAX_RATE ${rate}`);
    return `BASE_BACKUP (${options.join(', ')})`;
  }
  return `BASE_BACKUP LABEL '${name}' PROGRESS FAST NOWAIT${rate === undefined ? '' : ` MAX_RATE ${rate}`}`;
}
