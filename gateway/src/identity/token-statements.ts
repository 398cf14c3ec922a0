import type { TokenScope } from '@guichet/contract';
import type { Claims } from '../catalog/index.ts';
import { statement } from '../db/index.ts';

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
}

/** A token with what was claimed of its owner. */
export type TokenWithClaims = TokenRow & { readonly claims: Claims | null };

const COLUMNS = `id, name, kind, principal_id as "principalId", scope, created_at as "createdAt", created_by_id as "createdById",
  created_by_name as "createdByName", expires_at as "expiresAt", last_used_at as "lastUsedAt", revoked_at as "revokedAt"`;

/** What the identity provider said of its owner comes with a token: each call needs both. */
const WITH_CLAIMS = `select ${COLUMNS}, (select json_build_object('name', c.name, 'email', c.email, 'teams', c.teams)
  from directory_claims c where c.principal_id = tokens.principal_id) as claims from tokens`;

export const BY_HASH = statement('token-by-hash', `${WITH_CLAIMS} where hash = $1`);
export const BY_ID = statement('token-by-id', `select ${COLUMNS} from tokens where id = $1 for update`);
export const STANDING = statement('token-standing', `${WITH_CLAIMS} where id = $1`);
export const TOUCH = statement('token-touch', 'update tokens set last_used_at = now() where id = $1');
export const INSERT = statement(
  'token-insert',
  `insert into tokens (hash, name, kind, principal_id, scope, created_by_id, created_by_name, expires_at)
   values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(days => $8)) returning ${COLUMNS}`,
);
export const REVOKE = statement('token-revoke', `update tokens set revoked_at = now() where id = $1 returning ${COLUMNS}`);
export const LIST = statement(
  'token-list',
  `select ${COLUMNS} from tokens where principal_id = any ($1::text[]) and ($2::uuid is null or (created_at, id) < (select created_at, id from tokens where id = $2))
   order by created_at desc, id desc limit $3`,
);
