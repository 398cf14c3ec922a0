import { canonicalJson, GuichetError } from '@guichet/contract';
import { putBack, type SecretValue } from '@guichet/contract/secrets';
import { type Queryable, statement } from '../db/index.ts';
import type { Envelope, Sealer } from '../sealing/index.ts';
import type { RequestRow } from './row.ts';
import { requestName } from './store.ts';

const SEALED = statement('request-sealed', 'select sealed from requests where number = $1');

/** What the secrets are sealed as: they open for exactly what was asked, and for whoever asked it. */
const contextOf = ({ digest, requesterId }: Pick<RequestRow, 'digest' | 'requesterId'>): string =>
  `request:${digest}:${requesterId}`;

/**
 * Stands for the secrets in the digest of a request; null when it has none. Another secret, another digest; but nobody can
 * try secrets out on it, for it is made with a key that nobody is told.
 */
export function secretDigestOf(
  sealer: Sealer,
  { action, environment, secrets }: { action: string; environment: string; secrets: readonly SecretValue[] },
): string | null {
  if (secrets.length === 0) return null;
  const values = Object.fromEntries(secrets.map(({ pointer, value }) => [pointer, value]));
  return sealer.mac('request secrets', canonicalJson({ action, environment, secrets: values }));
}

/** Rejects with `sealing.unavailable`. Not inside a transaction. */
export async function sealSecrets(
  sealer: Sealer,
  row: Pick<RequestRow, 'digest' | 'requesterId'>,
  secrets: readonly SecretValue[],
): Promise<Envelope | null> {
  return secrets.length === 0 ? null : sealer.sealForStorage(contextOf(row), JSON.stringify(secrets));
}

export interface OpenedInput {
  /** Whole: for the provider alone. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly secrets: readonly SecretValue[];
}

/** The input as it was filed. Rejects with `sealing.unavailable` or `sealing.broken`. Not inside a transaction. */
export async function openInput(
  row: Pick<RequestRow, 'number' | 'digest' | 'requesterId' | 'input' | 'secretDigest'>,
  { db, sealer }: { db: Queryable; sealer: Sealer },
): Promise<OpenedInput> {
  if (row.secretDigest === null) return { input: row.input, secrets: [] };
  const envelope = (await db.query<{ sealed: Envelope | null }>(SEALED, [row.number]))[0]?.sealed ?? null;
  if (envelope === null)
    throw new GuichetError('sealing.broken', `The secrets of ${requestName(row)} are gone: they are kept until it ends.`);
  // Sealed under this very context by sealSecrets.
  const secrets = JSON.parse((await sealer.openStored(contextOf(row), envelope)).toString()) as SecretValue[];
  return { input: putBack(row.input, secrets), secrets };
}
