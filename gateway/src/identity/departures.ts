import { type Queryable, statement } from '../db/index.ts';
import type { Caller } from './tokens.ts';

const REVOKED = statement(
  'credentials-revoked',
  `select id from tokens where id = any ($1::uuid[]) and revoked_at is not null
   union all select id from sessions where id = any ($2::uuid[]) and (revoked_at is not null or ends_at <= now())`,
);

/**
 * Those who have been signed out, or whose token was revoked, since they called. That a token has ended, or a session has
 * not been used for long, says nothing of a call that lasts: it is being used.
 */
export async function departed(db: Queryable, callers: readonly Caller[]): Promise<ReadonlySet<Caller>> {
  const tokens = callers.filter(({ session }) => session === undefined).map(({ token }) => token.id);
  const sessions = callers.flatMap(({ session }) => (session === undefined ? [] : [session.id]));
  const gone = new Set((await db.query<{ id: string }>(REVOKED, [tokens, sessions])).map(({ id }) => id));
  return new Set(callers.filter(({ session, token }) => gone.has(session?.id ?? token.id)));
}
