import pg from 'pg';

export interface RowLock {
  /** Resolves when so many others wait for the row. */
  waiters(count: number): Promise<void>;
  /** Lets them go, in the order in which they came. */
  release(): Promise<void>;
}

const WAITING = `select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;

/** Holds the lock of a request's row, as another replica would, so that what comes meanwhile has to wait. */
export async function lockRow(databaseUrl: string, request: string): Promise<RowLock> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('begin');
  await client.query('select from requests where number = $1 for update', [request.replace('REQ-', '')]);
  return {
    waiters: async (count) => {
      // Bounded by the time limit of the test. On another connection: a transaction sees one state of the sessions.
      while (((await sql<{ count: number }>(databaseUrl, WAITING))[0]?.count ?? 0) < count)
        await new Promise((resolve) => setTimeout(resolve, 20));
    },
    release: async () => {
      await client.query('rollback');
      await client.end();
    },
  };
}

/** Runs statements on the gateway's database, beside the gateway. */
export async function sql<Row extends pg.QueryResultRow>(
  databaseUrl: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}
