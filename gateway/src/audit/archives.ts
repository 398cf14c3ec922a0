import { type Queryable, statement } from '../db/index.ts';

const ARCHIVED = statement('audit-archived', `select value from audit_settings where name = 'archived_to'`);

/** Number of the last head whose events are in an archive; 0 when there is none. */
export async function archivedTo(db: Queryable): Promise<number> {
  return Number((await db.query<{ value: string }>(ARCHIVED))[0]?.value ?? 0);
}
