import type { TokenScope } from '@guichet/contract';
import type { Claims } from '../catalog/index.ts';
import { statement } from '../db/index.ts';
import { SESSION_END, type SessionRow } from './session-row.ts';

/** A token as it is stored, in the words of the code. */
export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly kind: 'user' | 'machine';
  readonly principalId: string;
  readonly scope: TokenScope;
  readonly createdAt: Date;
  readonly createdById: string;
  readonly createdByName: string;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  /** What vouched for its owner, in place of somebody who made it; null for one that was made. */
  readonly origin: string | null;
}

/** How a secret arrives: in the header `authorization`, or in the cookie of a browser. */
export type Carrier = 'bearer' | 'cookie';

/** The session that a token belongs to; all null for a token of its own. */
type SessionColumns = { readonly [Column in keyof SessionRow as `session${Capitalize<Column>}`]: SessionRow[Column] | null };

/** A token with what was claimed of its owner, and with its session. */
export type TokenWithClaims = TokenRow & SessionColumns & { readonly claims: Claims | null; readonly carrier: Carrier };

const COLUMNS = `tokens.id, tokens.name, tokens.kind, tokens.principal_id as "principalId", scope, tokens.created_at as "createdAt",
  created_by_id as "createdById", created_by_name as "createdByName", expires_at as "expiresAt",
  tokens.last_used_at as "lastUsedAt", tokens.revoked_at as "revokedAt", tokens.origin`;

/** What the identity provider said of its owner comes with a token, and its session: each call needs all of it. */
const WITH_CLAIMS = `select ${COLUMNS}, carrier, (select json_build_object('name', c.name, 'email', c.email, 'teams', c.teams)
    from directory_claims c where c.principal_id = tokens.principal_id and c.valid_until > now()) as claims,
  s.id as "sessionId", s.principal_id as "sessionPrincipalId", s.kind as "sessionKind", s.client as "sessionClient",
  s.address as "sessionAddress", s.created_at as "sessionCreatedAt", s.last_used_at as "sessionLastUsedAt",
  ${SESSION_END} as "sessionExpiresAt", s.revoked_at as "sessionRevokedAt"
  from tokens left join sessions s on s.id = tokens.session_id`;

export const BY_HASH = statement('token-by-hash', `${WITH_CLAIMS} where hash = $1`);
export const BY_ID = statement('token-by-id', `select ${COLUMNS} from tokens where id = $1 and session_id is null for update`);
export const STANDING = statement('tokens-standing', `${WITH_CLAIMS} where tokens.id = any ($1::uuid[])`);
export const TOUCH = statement(
  'token-touch',
  `with touched as (update tokens set last_used_at = now() where id = $1 returning session_id)
   update sessions set last_used_at = now() where id in (select session_id from touched)`,
);
export const INSERT = statement(
  'token-insert',
  `insert into tokens (hash, name, kind, principal_id, scope, created_by_id, created_by_name, expires_at)
   values ($1, $2, $3, $4, $5, $6, $7, least(now() + make_interval(days => $8), $9::timestamptz)) returning ${COLUMNS}`,
);
export const REVOKE = statement('token-revoke', `update tokens set revoked_at = now() where id = $1 returning ${COLUMNS}`);
export const LIST = statement(
  'token-list',
  `select ${COLUMNS} from tokens where principal_id = any ($1::text[]) and session_id is null and (origin is null or expires_at > now())
     and ($2::uuid is null or (created_at, id) < (select created_at, id from tokens where id = $2))
   order by created_at desc, id desc limit $3`,
);
