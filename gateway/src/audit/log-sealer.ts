import { randomUUID } from 'node:crypto';
import { GuichetError } from '@guichet/contract';
import {
  type AuditHead,
  type DeclaredRestore,
  headHash,
  isSignedBy,
  leafHash,
  type MerkleTree,
  rootOf,
} from '@guichet/contract/audit-log';
import type pg from 'pg';
import { type HeldKey, signHead } from './audit-keys.ts';
import {
  ADD_TO_TILE,
  END_RESTORE,
  HEADS_AFTER,
  HEADS_FROM,
  INSERT_HEAD,
  LAST_HEAD,
  type LastHead,
  LEFT_OVER,
  NEWS,
  OF_TRANSACTION,
  SETTLED,
  type SettledRow,
  SNAPSHOT,
  type Snapshot,
  TILE,
} from './seal-statements.ts';
import { edgeOf, TileWriter, treeOf } from './tiles.ts';

const BATCH = 10_000;

interface Settled {
  readonly rows: readonly SettledRow[];
  readonly settledTo: string;
  readonly aboveId: string;
  /** True when there may be more. */
  readonly more: boolean;
}

/**
 * Seals what is settled: a head over the new events, in a transaction of a connection of its own. It works only on the
 * connection that holds the lock of the sealer, so that what it writes and the lock are lost together.
 */
export class LogSealer {
  readonly #client: pg.Client;
  readonly #batch: number;
  readonly #keys: () => Promise<readonly HeldKey[]>;
  #last: LastHead | undefined;
  /** The last head that this one wrote. */
  #written: AuditHead | undefined;
  #tree: MerkleTree | undefined;

  /** `batch`: events of a head at most, unless one transaction wrote more; 10,000 when absent. */
  constructor({ client, keys, batch = BATCH }: { client: pg.Client; keys: () => Promise<readonly HeldKey[]>; batch?: number }) {
    this.#client = client;
    this.#batch = batch;
    this.#keys = keys;
  }

  /** The last head that this one wrote, or that it was told of. */
  get written(): AuditHead | undefined {
    return this.#written;
  }

  /** The last head that there is. */
  async last(): Promise<AuditHead | undefined> {
    this.#last = (await this.#client.query<LastHead>(LAST_HEAD)).rows[0];
    return this.#last?.head;
  }

  /** Whether something was written since the last head; settled or not. */
  async hasNews(): Promise<boolean> {
    const { rows } = await this.#client.query<{ news: boolean }>({ ...NEWS, values: this.#after() });
    return rows[0]?.news === true;
  }

  /**
   * Makes the next head, when something is settled or a restore is declared. True when there may be more at once. Throws
   * `internal` when the log does not hold as it is: nothing is signed over it.
   */
  async seal(restore?: DeclaredRestore): Promise<{ head: AuditHead | undefined; more: boolean }> {
    const keys = await this.#keys();
    await this.#client.query('begin isolation level repeatable read');
    try {
      this.#last = (await this.#client.query<LastHead>(LAST_HEAD)).rows[0];
      if (restore === undefined) await this.#refuseCut();
      const { rows } = await this.#client.query<Snapshot>(SNAPSHOT);
      const snapshot = rows[0];
      if (snapshot === undefined) throw new GuichetError('internal', 'The database said nothing of its transactions.');
      const moved = this.#last !== undefined && this.#last.cluster !== snapshot.cluster;
      if (moved) return await this.#sealAfterMove(keys, restore);
      const settled = await this.#settled(snapshot);
      const head = await this.#write({ settled, snapshot, keys, restore });
      await this.#client.query('commit');
      this.#written = head ?? this.#written;
      return { head, more: settled.more };
    } catch (error) {
      this.#tree = undefined;
      await this.#client.query('rollback').catch(() => {}); // the connection is gone, and with it the transaction
      throw error;
    }
  }

  /** What this one wrote has to be there still, and what it keeps of the tree has to be that of the last head. */
  async #refuseCut(): Promise<void> {
    const [written, last] = [this.#written, this.#last?.head];
    if (written === undefined) return;
    const isLast = last !== undefined && headHash(last) === headHash(written);
    if (!isLast) {
      const { rows } = await this.#client.query<{ head: AuditHead }>({ ...HEADS_AFTER, values: [written.number - 1, 1] });
      if (rows[0] === undefined || headHash(rows[0].head) !== headHash(written))
        throw broken(`head ${written.number}, which was written here, is gone; its last one is ${last?.number ?? 'none'}`);
    }
    const tree = this.#tree;
    if (tree !== undefined && (tree.size !== last?.size || tree.root().toString('hex') !== last.root)) this.#tree = undefined;
  }

  #after(): [settledTo: string, aboveId: string] {
    return [this.#last?.settled_to ?? '0', this.#last?.above_id ?? '0'];
  }

  async #settled({ settled }: Snapshot): Promise<Settled> {
    const [from, aboveId] = this.#after();
    const { rows } = await this.#client.query<SettledRow>({ ...SETTLED, values: [from, aboveId, this.#batch] });
    if (rows.length < this.#batch) return { rows, settledTo: settled, aboveId, more: false };
    // Not all of the last transaction may be there: it comes with the next head, unless it is the only one.
    const last = rows.at(-1)?.xid ?? settled;
    const whole = rows.filter(({ xid }) => xid !== last);
    if (whole.length > 0) return { rows: whole, settledTo: last, aboveId, more: true };
    const all = await this.#client.query<SettledRow>({ ...OF_TRANSACTION, values: [last, aboveId] });
    return { rows: all.rows, settledTo: String(BigInt(last) + 1n), aboveId, more: true };
  }

  /**
   * The database was restored on another server, which counts its transactions by itself: everybody who writes the log is
   * waited for, all that is in no head is sealed, and from there on the new count says what is settled.
   */
  async #sealAfterMove(keys: readonly HeldKey[], restore?: DeclaredRestore) {
    await this.#client.query('rollback');
    await this.#client.query('begin');
    await this.#client.query('lock table audit_events in share mode');
    const { rows: snapshots } = await this.#client.query<Snapshot>(SNAPSHOT);
    const snapshot = snapshots[0];
    if (snapshot === undefined || this.#last === undefined) throw new GuichetError('internal', 'There is no head to go on from.');
    const values = [this.#last.settled_to, this.#last.head.until, snapshot.last_id];
    const { rows } = await this.#client.query<SettledRow>({ ...LEFT_OVER, values });
    const known = await this.#client.query<{ head: AuditHead }>({ ...HEADS_FROM, values: [rows[0]?.id ?? snapshot.last_id] });
    const ranges = known.rows.flatMap(({ head }) => head.ids);
    const isNew = ({ id }: SettledRow): boolean => !ranges.some(([first, last]) => first <= Number(id) && Number(id) <= last);
    const settled = { rows: rows.filter(isNew), settledTo: snapshot.settled, aboveId: snapshot.last_id, more: false };
    const head = await this.#write({ settled, snapshot, keys, restore, evenEmpty: true });
    await this.#client.query('commit');
    this.#written = head ?? this.#written;
    return { head, more: true };
  }

  async #write({
    settled,
    snapshot,
    keys,
    restore,
    evenEmpty = false,
  }: {
    settled: Settled;
    snapshot: Snapshot;
    keys: readonly HeldKey[];
    restore: DeclaredRestore | undefined;
    evenEmpty?: boolean;
  }): Promise<AuditHead | undefined> {
    const key = this.#keyOf(keys);
    const newest = keys.at(-1);
    const isRotation = newest !== undefined && newest.kid !== key.kid;
    if (settled.rows.length === 0 && restore === undefined && !isRotation && !evenEmpty) return undefined;
    const { size = 0, number = 0, until = '' } = this.#last?.head ?? {};
    const rows = settled.rows.toSorted((a, b) => Number(a.id) - Number(b.id));
    const edge = await this.#edge(size);
    const tree = this.#tree ?? this.#opened(edge);
    this.#tree = tree;
    const tiles = new TileWriter(size, (level) => edge.get(level));
    const hashes = rows.map(({ line }) => leafHash(line));
    for (const hash of hashes) {
      tree.append(hash);
      tiles.append(hash);
    }
    const times = rows.map(({ at }) => at).sort();
    const latest = [until, clipped(times.at(-1) ?? until, snapshot.now)].sort().at(-1) ?? snapshot.now;
    const announced = number === 0 ? key : isRotation ? newest : undefined;
    const head = signHead(
      {
        v: 1,
        log: this.#last?.head.log ?? randomUUID(),
        number: number + 1,
        at: snapshot.now,
        until: latest === '' ? snapshot.now : latest,
        size: tree.size,
        root: tree.root().toString('hex'),
        batch: rootOf(hashes).toString('hex'),
        ids: rangesOf(rows.map(({ id }) => Number(id))),
        previous: this.#last === undefined ? null : headHash(this.#last.head),
        key: key.kid,
        ...(announced !== undefined && { announces: { kid: announced.kid, public: announced.public } }),
        ...(restore !== undefined && { restore }),
      },
      key,
    );
    for (const { level, number: tile, hashes: added } of tiles.added)
      await this.#client.query({ ...ADD_TO_TILE, values: [level, tile, added] });
    const place = {
      first: rows[0]?.id ?? snapshot.last_id,
      last: rows.at(-1)?.id ?? snapshot.last_id,
      firstAt: times[0] ?? snapshot.now,
      lastAt: times.at(-1) ?? snapshot.now,
    };
    await this.#client.query({
      ...INSERT_HEAD,
      values: [
        head.number,
        JSON.stringify(head),
        head.size,
        place.first,
        place.last,
        place.firstAt,
        place.lastAt,
        snapshot.cluster,
        settled.settledTo,
        settled.aboveId,
      ],
    });
    if (restore !== undefined) await this.#client.query(END_RESTORE);
    return head;
  }

  /** The key that the next head is signed with: the one that the last head names or announces. */
  #keyOf(keys: readonly HeldKey[]): HeldKey {
    const last = this.#last?.head;
    const kid = last === undefined ? keys[0]?.kid : (last.announces?.kid ?? last.key);
    const key = keys.find((known) => known.kid === kid);
    const signer = last === undefined ? key : keys.find((known) => known.kid === last.key);
    if (key === undefined || signer === undefined)
      throw broken(
        `its last head is signed with the key ${last?.key}, which this gateway does not have: somebody swapped the key`,
      );
    if (last !== undefined && !isSignedBy(last, signer.public))
      throw broken(`the signature of its last head, ${last.number}, does not hold`);
    return key;
  }

  async #edge(size: number): Promise<Map<number, Buffer>> {
    const edge = new Map<number, Buffer>();
    for (const { level, number } of edgeOf(size)) {
      const { rows } = await this.#client.query<{ hashes: Buffer }>({ ...TILE, values: [level, number] });
      if (rows[0] !== undefined) edge.set(level, rows[0].hashes);
    }
    return edge;
  }

  /** The tree as it is stored, when it is the one of the last head. */
  #opened(edge: ReadonlyMap<number, Buffer>): MerkleTree {
    const last = this.#last?.head;
    const tree = treeOf(last?.size ?? 0, (level) => edge.get(level));
    if (tree === undefined || (last !== undefined && tree.root().toString('hex') !== last.root))
      throw broken(`the hashes that it keeps do not come to the root of its last head, ${last?.number}`);
    return tree;
  }
}

const broken = (what: string): GuichetError =>
  new GuichetError('internal', `The audit log is not as it was sealed: ${what}. Nothing is sealed over it.`, {
    remedy: "Run the gateway's own 'verify-audit', and find out who has changed the database.",
  });

/** A time of the future would make every event that follows look late. */
const clipped = (at: string, now: string): string => (at > now ? now : at);

export function rangesOf(ids: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const id of ids) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 === id) last[1] = id;
    else ranges.push([id, id]);
  }
  return ranges;
}
