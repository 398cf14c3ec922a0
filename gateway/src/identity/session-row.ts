import type { Session } from '@guichet/contract';

/** A session as it is stored, in the words of the code. */
export interface SessionRow {
  readonly id: string;
  readonly principalId: string;
  readonly kind: 'browser' | 'cli';
  readonly client: string;
  readonly address: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  /** When it ends if it is not used again; at the latest when it has lasted as long as it may. */
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
}

/** The end of a session `s`, in SQL. */
export const SESSION_END = 'least(s.ends_at, s.last_used_at + make_interval(secs => s.idle_seconds))';

export const SESSION_COLUMNS = `s.id, s.principal_id as "principalId", s.kind, s.client, s.address, s.created_at as "createdAt",
  s.last_used_at as "lastUsedAt", ${SESSION_END} as "expiresAt", s.revoked_at as "revokedAt"`;

/** A session as it is shown; `current` is the id of the one that asks. */
export function viewOfSession(row: SessionRow, current: string | undefined): Session {
  const { id, kind, client, address, createdAt, lastUsedAt, expiresAt } = row;
  return {
    id,
    kind,
    client,
    address,
    createdAt: createdAt.toISOString(),
    lastUsedAt: lastUsedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    current: id === current,
  };
}
