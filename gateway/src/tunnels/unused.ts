import { appendAudit } from '../audit/index.ts';
import type { Bus, Database, Transaction } from '../db/index.ts';
import { lockRequest, type Outbox, type RequestRow, SYSTEM, tell } from '../requests/index.ts';
import { deleteStale, deleteTunnel, hasHold, SOME_STALE, type StaleTunnel, staleTunnels } from './store.ts';

/** A database that was away let no gateway renew: each gets so long to say that it lives. Together with STALE_SECONDS: 45 s. */
const LOOK_AGAIN_MS = 10_000;

export interface UnusedOptions {
  readonly db: Database;
  readonly bus: Pick<Bus, 'publish'>;
  readonly outbox: Outbox;
}

/** The end of a request that nobody uses any more: what undoes it is due now. Nothing when somebody still holds it. */
export async function endUnused(
  tx: Transaction,
  number: string,
  { why, ...options }: UnusedOptions & { why: string },
): Promise<void> {
  const row = await lockRequest(tx, number);
  if (row?.undoState !== 'scheduled' || row.undoAt === null || row.undoAt <= row.readAt) return;
  if (await hasHold(tx, number)) return;
  const undoAt = row.readAt;
  const data = { undoAt: undoAt.toISOString(), action: row.undo?.action, why };
  const changes = { undoAt, undoTryAt: undoAt } as const;
  await tell(tx, { row, changes, told: [{ type: 'request.undo_scheduled', data }] }, options);
}

/** The last of its holds was closed by whoever had it. */
export async function leave(id: string, number: string, options: UnusedOptions): Promise<void> {
  await options.db.transaction(async (tx) => {
    await lockRequest(tx, number); // of two that leave at once the second sees that the first has left
    await deleteTunnel(tx, id);
    await endUnused(tx, number, { ...options, why: 'Whoever asked for it has closed it.' });
  });
}

/** Ends what nobody uses any more because its command line, or its gateway, is gone. */
export class TunnelClock {
  readonly due = SOME_STALE;
  readonly #options: UnusedOptions;
  /** When each was first seen to be stale here. */
  readonly #seen = new Map<string, { readonly seenAt: number; readonly since: number }>();

  constructor(options: UnusedOptions) {
    this.#options = options;
  }

  async ring(): Promise<void> {
    const stale = await staleTunnels(this.#options.db);
    const now = performance.now();
    const ids = new Set(stale.map(({ id }) => id));
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
    const gone = stale.filter(({ id, seenAt }) => {
      const known = this.#seen.get(id);
      if (known?.seenAt === seenAt.getTime()) return now - known.since >= LOOK_AGAIN_MS;
      this.#seen.set(id, { seenAt: seenAt.getTime(), since: now });
      return false;
    });
    for (const [number, tunnels] of Map.groupBy(gone, ({ request }) => request)) await this.#bury(number, tunnels);
  }

  async stop(): Promise<void> {}

  async #bury(number: string, tunnels: readonly StaleTunnel[]): Promise<void> {
    await this.#options.db.transaction(async (tx) => {
      const row = await lockRequest(tx, number);
      if (row === undefined) return;
      const deleted = await deleteStale(
        tx,
        tunnels.map(({ id }) => id),
      );
      for (const { id, hold, openedAt, seenAt } of deleted) {
        const seconds = Math.round((seenAt.getTime() - openedAt.getTime()) / 1000);
        await appendAudit(tx, {
          ...aboutTunnel(row),
          actor: SYSTEM,
          type: 'tunnel.closed',
          outcome: 'failed',
          data: { tunnel: id, hold, seconds, why: 'Its gateway, or the way to it, is gone.' },
        });
      }
      if (deleted.some(({ hold }) => hold))
        await endUnused(tx, number, {
          ...this.#options,
          why: 'The connection to whoever asked for it broke, and nobody came back.',
        });
    });
  }
}

/** What every event of a tunnel says of its request. */
export const aboutTunnel = (row: RequestRow) => ({
  action: row.action,
  environment: row.environment,
  resource: `${row.resourceType}:${row.resourceId}`,
  request: row.number,
});
