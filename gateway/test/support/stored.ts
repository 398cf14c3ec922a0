import { testDatabase } from '@guichet/postgres-server/testing';
import { Database, migrate, statement } from '../../src/db/index.ts';
import { lockRequest, type RequestRow } from '../../src/requests/index.ts';
import type { NewRequest } from '../../src/requests/row.ts';
import { findRequest, insertRequest } from '../../src/requests/store.ts';

export interface StoredRequests extends AsyncDisposable {
  readonly db: Database;
  readonly url: string;
  /** A request as if it had been filed, and what it is now. */
  file(more?: Partial<NewRequest>): Promise<RequestRow>;
  read(number: string): Promise<RequestRow>;
}

/** A migrated database of its own, with a way to put requests in it. */
export async function storedRequests(makeDatabase = (url: string) => databaseAt(url)): Promise<StoredRequests> {
  const fresh = await testDatabase();
  await migrate(fresh.url);
  const db = makeDatabase(fresh.url);
  const read = async (number: string): Promise<RequestRow> => {
    const row = await findRequest(db, number);
    if (row === undefined) throw new Error(`there is no request ${number}`);
    return row;
  };
  return {
    db,
    url: fresh.url,
    read,
    file: async (more = {}) => {
      const row = { ...QUEUED, ...more };
      const told = [{ type: 'request.submitted', data: {} }] as const;
      const inserted = await insertRequest(db, { row, told, auditData: [] });
      return read(inserted?.number ?? '');
    },
    [Symbol.asyncDispose]: async () => {
      await db.close();
      await fresh.drop();
    },
  };
}

export const databaseAt = (url: string): Database => new Database({ url, poolSize: 4, onError: () => {} });

const QUEUED: NewRequest = {
  window: { ms: 3_600_000, from: new Date(0) },
  action: 'lab.change',
  undoOf: null,
  approvedWith: false,
  byClock: false,
  lastsSeconds: null,
  extensionOf: null,
  startAt: null,
  runAfter: new Date(0),
  actionVersion: '1',
  title: 'Change something',
  risk: 'reversible',
  environment: 'staging',
  input: { target: 'alpha' },
  plan: { summary: 'Changes alpha', effects: [], warnings: [], resource: { type: 'thing', id: 'alpha' }, fingerprint: 'calm' },
  digest: 'sha256:0',
  summary: 'Changes alpha',
  resourceType: 'thing',
  resourceId: 'alpha',
  ownerTeam: 'payments',
  reason: '',
  requesterId: 'user:nadia',
  requesterName: 'Nadia Benali',
  scope: {},
  behind: ['user:nadia'],
  idempotencyKey: null,
  idempotencyDigest: null,
  secretDigest: null,
  traceparent: null,
  sealed: null,
  gates: [],
  idempotent: false,
  observable: true,
  timeoutSeconds: 30,
  state: 'queued',
};

const RAISE = statement('test-raise', 'update requests set fencing_token = fencing_token + 1 where number = $1');

/** What happens to a request when somebody else takes its run. */
export async function takeAway(db: Database, number: string): Promise<void> {
  await db.transaction(async (tx) => {
    await lockRequest(tx, number);
    await tx.query(RAISE, [number]);
  });
}
