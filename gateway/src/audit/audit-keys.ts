import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Actor, GuichetError } from '@guichet/contract';
import { type AuditHead, type AuditKey, kidOf, signedBytes } from '@guichet/contract/audit-log';
import { type Database, type Queryable, statement } from '../db/index.ts';
import { appendAudit } from './store.ts';

/** What keeps the secret halves: the sealing of the configuration. */
export interface KeyVault<Envelope> {
  sealForStorage(context: string, plain: Uint8Array | string): Promise<Envelope>;
  openStored(context: string, envelope: Envelope): Promise<Buffer>;
  mac(purpose: string, text: string): string;
}

export interface HeldKey extends AuditKey {
  readonly secret: KeyObject;
}

const LOAD = statement('audit-keys', 'select kid, public, sealed from audit_keys order by created_at');
const INSERT_FIRST = statement(
  'audit-key-insert-first',
  'insert into audit_keys (kid, public, sealed) select $1, $2, $3 where not exists (select from audit_keys)',
);
const INSERT = statement('audit-key-insert', 'insert into audit_keys (kid, public, sealed) values ($1, $2, $3)');

const contextOf = (kid: string): string => `audit-key:${kid}`;

interface KeyRow<Envelope> {
  readonly kid: string;
  readonly public: string;
  readonly sealed: Envelope;
}

/** The keys of the log, oldest first; the first one is made when there is none. What was put there by hand does not open. */
export async function loadAuditKeys<Envelope>(db: Database, vault: KeyVault<Envelope>): Promise<HeldKey[]> {
  let rows = await db.query<KeyRow<Envelope>>(LOAD);
  if (rows.length === 0) {
    await insertKey(db, vault, { first: true });
    rows = await db.query<KeyRow<Envelope>>(LOAD); // of two that start at once one has won
  }
  return Promise.all(
    rows.map(async ({ kid, sealed }) => {
      const secret = createPrivateKey({ key: await vault.openStored(contextOf(kid), sealed), format: 'der', type: 'pkcs8' });
      return { kid, public: publicOf(secret), secret };
    }),
  );
}

/** A new key: the next head announces it, signed by the one before; the heads after that are signed by it. Gives its id. */
export async function rotateAuditKey<Envelope>(db: Database, vault: KeyVault<Envelope>, by: Actor): Promise<AuditKey> {
  await loadAuditKeys(db, vault);
  return insertKey(db, vault, { first: false, by });
}

async function insertKey<Envelope>(
  db: Database,
  vault: KeyVault<Envelope>,
  { first, by = { id: 'system', name: 'Guichet' } }: { first: boolean; by?: Actor },
): Promise<AuditKey> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const made = { kid: '', public: publicOf(privateKey) };
  made.kid = kidOf(made.public);
  const sealed = await vault.sealForStorage(contextOf(made.kid), privateKey.export({ format: 'der', type: 'pkcs8' }));
  await db.transaction(async (tx: Queryable) => {
    await tx.query(first ? INSERT_FIRST : INSERT, [made.kid, made.public, JSON.stringify(sealed)]);
    if (first) return;
    const { kid } = made;
    await appendAudit(tx, { type: 'audit.key_created', actor: by, outcome: 'ok', data: { key: kid, public: made.public } });
  });
  return made;
}

/** The 32 bytes of the public half, in base64. */
function publicOf(secret: KeyObject): string {
  const { x } = secret.export({ format: 'jwk' });
  if (x === undefined) throw new GuichetError('internal', 'A key of the audit log is no Ed25519 key.');
  return Buffer.from(x, 'base64url').toString('base64');
}

export function signHead(head: Omit<AuditHead, 'signature'>, { secret }: HeldKey): AuditHead {
  return { ...head, signature: sign(null, signedBytes(head), secret).toString('base64') };
}
