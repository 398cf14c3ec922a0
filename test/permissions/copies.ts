import type pg from 'pg';

/** Copies of a request, each in the state that is wanted. No worker runs beside: a state stays as it is set. */
export async function requestCopier(db: pg.Client, template: string): Promise<(state: string) => Promise<string>> {
  const { rows } = await db.query<{ name: string }>(
    `select column_name as name from information_schema.columns
     where table_name = 'requests' and is_identity = 'NO' and column_name not in ('state', 'idempotency_key', 'behind', 'run_id')`,
  );
  const columns = rows.map(({ name }) => name).join(', ');
  const copy = `insert into requests (${columns}, state, behind, run_id)
    select ${columns}, $2, array['user:nadia', 'user:paula'], gen_random_uuid() from requests where number = $1 returning number`;
  return async (state) => {
    const made = await db.query<{ number: string }>(copy, [template, state]);
    return `REQ-${made.rows[0]?.number}`;
  };
}
