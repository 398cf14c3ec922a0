import type { Review } from '@guichet/contract';
import type pg from 'pg';

/** Who is on call has broken the glass of it. */
const BROKEN: Review = {
  state: 'open',
  brokenBy: { id: 'user:sven', name: 'On call for the owner' },
  person: 'user:sven',
  incident: 'INC-7',
  reason: 'as the matrix asks',
  at: '2026-01-01T00:00:00.000Z',
  verdict: null,
  closedBy: null,
  comment: null,
  closedAt: null,
};

/** How each of them is undone, once it has succeeded. */
const UNDO = JSON.stringify({ action: 'lab.change', input: { target: 'alpha' }, problem: null });

export type Copier = (state: string, more?: { broken?: boolean }) => Promise<string>;

/**
 * Copies of a request, each in the state that is wanted, and, `broken`, with an open review. No worker runs beside: a
 * state stays as it is set.
 */
export async function requestCopier(db: pg.Client, template: string): Promise<Copier> {
  const { rows } = await db.query<{ name: string }>(
    `select column_name as name from information_schema.columns
     where table_name = 'requests' and is_identity = 'NO' and column_name not in ('state', 'idempotency_key', 'behind', 'run_id', 'review', 'undo')`,
  );
  const columns = rows.map(({ name }) => name).join(', ');
  const copy = `insert into requests (${columns}, state, review, behind, run_id, undo)
    select ${columns}, $2, $3, array['user:nadia', 'user:paula'], gen_random_uuid(), $4 from requests where number = $1 returning number`;
  return async (state, { broken = false } = {}) => {
    const made = await db.query<{ number: string }>(copy, [template, state, broken ? JSON.stringify(BROKEN) : null, UNDO]);
    return `REQ-${made.rows[0]?.number}`;
  };
}
