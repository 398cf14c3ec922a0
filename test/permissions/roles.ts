import type { App } from '@guichet/gateway';
import type pg from 'pg';

/** Who calls, by their relation to the request that the call is about. */
export const ROLES = [
  'stranger',
  'forged',
  'expired',
  'revoked',
  'left',
  'requester',
  'second account',
  'token maker',
  'approver',
  'on call',
  'manager',
  'outsider',
  'machine',
  'narrowed',
] as const;
export type Role = (typeof ROLES)[number];

const PERSON: Partial<Record<Role, string>> = {
  requester: 'user:nadia',
  'second account': 'user:nadia-admin',
  'token maker': 'user:paula',
  approver: 'user:amine',
  'on call': 'user:sven',
  manager: 'user:marta',
  outsider: 'user:lena',
  machine: 'machine:ci-payments',
  left: 'user:gone',
  narrowed: 'user:amine',
  expired: 'user:amine',
  revoked: 'user:amine',
};

/** A bearer token for each role; the stranger has none. */
export async function credentials(app: App, db: pg.Client): Promise<Record<Role, string | undefined>> {
  const entries = await Promise.all(ROLES.map(async (role) => [role, await credential(role, { app, db })] as const));
  return Object.fromEntries(entries) as Record<Role, string | undefined>; // one entry for each role
}

async function credential(role: Role, { app, db }: { app: App; db: pg.Client }): Promise<string | undefined> {
  if (role === 'forged') return `gct_u_${'A'.repeat(43)}`;
  const principalId = PERSON[role];
  if (principalId === undefined) return undefined;
  const { id, secret } = await app.tokens.issue({
    name: role,
    principalId,
    expiresInDays: 1,
    scope: role === 'narrowed' ? { actions: ['lab.look'] } : {},
    createdBy: { id: 'system', name: 'test' },
  });
  if (role === 'expired') await db.query("update tokens set expires_at = now() - interval '1 s' where id = $1", [id]);
  if (role === 'revoked') await db.query('update tokens set revoked_at = now() where id = $1', [id]);
  return secret;
}
