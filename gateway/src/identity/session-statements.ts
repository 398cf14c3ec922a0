import { statement } from '../db/index.ts';
import { SESSION_COLUMNS, SESSION_END } from './session-row.ts';

/** Both lengths are seconds; `$7` is the end of the session that lets it in, if one does. */
export const INSERT_SESSION = statement(
  'session-insert',
  `insert into sessions as s (principal_id, kind, client, address, idle_seconds, ends_at)
   values ($1, $2, $3, $4, $5, least(now() + make_interval(secs => $6), $7::timestamptz)) returning ${SESSION_COLUMNS}`,
);
/** The secret of a session, ending after so many seconds, and with the session at the latest. */
export const INSERT_SECRET = statement(
  'session-secret-insert',
  `insert into tokens (hash, name, kind, principal_id, created_by_id, created_by_name, expires_at, session_id, carrier)
   select $1, s.client, 'user', s.principal_id, s.principal_id, $2, least(now() + make_interval(secs => $3), s.ends_at), s.id, $4
   from sessions s where s.id = $5 returning expires_at as "expiresAt"`,
);
export const LOCK_SESSION = statement('session-lock', `select ${SESSION_COLUMNS} from sessions s where s.id = $1 for update`);
export const TOUCH_SESSION = statement(
  'session-touch',
  `update sessions s set last_used_at = now() where s.id = $1 returning ${SESSION_COLUMNS}`,
);
/** Those that live, newest first. */
export const LIST_SESSIONS = statement(
  'session-list',
  `select ${SESSION_COLUMNS} from sessions s where s.principal_id = $1 and s.revoked_at is null and ${SESSION_END} > now()
   order by s.created_at desc, s.id desc limit 500`,
);
export const SESSION_OF_COOKIE = statement(
  'session-of-cookie',
  `select ${SESSION_COLUMNS} from tokens t join sessions s on s.id = t.session_id
   where t.hash = $1 and t.carrier = 'cookie' and s.revoked_at is null for update of s`,
);

export interface RefreshRow {
  readonly id: string;
  readonly sessionId: string;
  readonly usedAt: Date | null;
  /** Used so lately that its answer may have been lost. */
  readonly isFresh: boolean;
  readonly successorId: string | null;
  readonly successorUsed: boolean | null;
  readonly dead: boolean;
}
export const INSERT_REFRESH = statement(
  'refresh-insert',
  'insert into refresh_tokens (hash, session_id) values ($1, $2) returning id',
);
/** `$2`: for how many seconds an answer may have been lost. */
export const REFRESH_BY_HASH = statement(
  'refresh-by-hash',
  `select r.id, r.session_id as "sessionId", r.used_at as "usedAt", r.used_at > now() - make_interval(secs => $2) as "isFresh",
     r.successor_id as "successorId", n.used_at is not null or n.dead as "successorUsed", r.dead
   from refresh_tokens r left join refresh_tokens n on n.id = r.successor_id where r.hash = $1`,
);
export const USE_REFRESH = statement(
  'refresh-use',
  'update refresh_tokens set used_at = coalesce(used_at, now()), successor_id = $2 where id = $1',
);
export const KILL_REFRESH = statement('refresh-kill', 'update refresh_tokens set dead = true where id = $1');

/** What nobody can use any more, and nobody asks about: the rows of ended sessions stay for a month, the audit log for ever. */
export const SWEEPS = [
  statement('sweep-devices', "delete from device_sign_ins where expires_at < now() - interval '1 day'"),
  statement('sweep-codes', "delete from sign_in_codes where expires_at < now() - interval '1 day'"),
  statement('sweep-session-tokens', "delete from tokens where session_id is not null and expires_at < now() - interval '1 day'"),
  statement('sweep-sessions', "delete from sessions where least(ends_at, revoked_at) < now() - interval '30 days'"),
];
