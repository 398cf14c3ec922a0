import { type Output, type ProviderFailure, ReceiptClaims, type RunOutcome } from '@guichet/contract';
import type { Queryable } from '../db/index.ts';
import { type KeyRow, keysOf } from './key-store.ts';
import { grantOfRun, type JudgedReceipt } from './store.ts';
import { claimsOf, kidOf } from './token.ts';

/** How a provider said that a run ended, as it came and before secrets were taken out. */
export interface SaidEnd {
  readonly status: RunOutcome;
  /** Digest of the output or failure; undefined when it has none. */
  readonly digest: string | undefined;
  readonly token: string | undefined;
}

/** The end of a run as its provider said it, and what of it is passed on. */
export interface EndHeard {
  readonly said: SaidEnd;
  /** The provider says in its manifest that it signs. */
  readonly declared: boolean;
  /** What came, after secrets were taken out. */
  readonly shown: Output | ProviderFailure;
}

/** The run that a receipt must be for. */
export interface ReceiptSubject {
  readonly provider: string;
  readonly runId: string;
  readonly request: string;
  readonly action: string;
  readonly environment: string;
  /** Digest of the input as it is stored. */
  readonly input: string;
}

export interface ToJudge {
  readonly subject: ReceiptSubject;
  readonly said: SaidEnd;
  /** The provider says in its manifest that it signs. */
  readonly declared: boolean;
  /** What is stored differs from what came, for a secret was taken out: then the digest of what came is not kept. */
  readonly masked: boolean;
}

/**
 * Looks at the receipt of a run's end. Undefined when there is nothing to say: no grant, or a provider that signs none.
 * Nothing that it finds changes the end itself.
 */
export async function judgeReceipt(
  db: Queryable,
  { subject, said, declared, masked }: ToJudge,
): Promise<JudgedReceipt | undefined> {
  const { token, status, digest } = said;
  if (token === undefined && !declared) return undefined;
  const grant = await grantOfRun(db, subject.runId);
  if (grant === undefined) return undefined;
  const { grantId, issuedAt } = grant;
  const about = { grantId, runId: subject.runId };
  const none = { kid: null, status: null, result: null, finishedAt: null, token: null };
  if (token === undefined) {
    const reason = 'The provider signs receipts, and gave none for this run.';
    return { ...about, ...none, verdict: 'missing', reason };
  }
  const kid = kidOf(token) ?? null;
  const kept = masked ? { result: null, token: null } : { result: digest ?? null, token };
  const checked = await checkReceipt({ token, keys: await keysOf(db, subject.provider), issuedAt });
  if (typeof checked === 'string') return { ...about, ...none, kid, token: kept.token, verdict: 'refused', reason: checked };
  const wrong = mismatchOf(checked, { ...subject, grantId, status, digest });
  const facts = { ...about, ...kept, kid, status: checked.status, finishedAt: new Date(checked.finishedAt).toISOString() };
  return wrong === undefined
    ? { ...facts, verdict: 'verified', reason: masked ? 'Its digest of the result is not kept: a secret was in it.' : null }
    : { ...facts, verdict: 'refused', reason: wrong };
}

/** The claims of a receipt that a key signed which may; a sentence that says why not otherwise. */
export async function checkReceipt({
  token,
  keys,
  issuedAt,
}: {
  token: string;
  keys: readonly KeyRow[];
  /** When the grant was issued: keys of then count. */
  issuedAt: Date;
}): Promise<ReceiptClaims | string> {
  const kid = kidOf(token);
  if (kid === undefined) return 'It is no token of PASETO v4.public that names its key.';
  const named = keys.filter((key) => key.kid === kid);
  if (named.length === 0) return `It is signed with the key '${kid}', which the provider has never shown.`;
  const counting = named.filter(
    ({ state, retiredAt }) => state === 'trusted' || (state === 'former' && (retiredAt ?? issuedAt) > issuedAt),
  );
  if (counting.length === 0) return `It is signed with the key '${kid}', which is not accepted for this provider.`;
  for (const { paserk } of counting) {
    const claims = ReceiptClaims.safeParse(await claimsOf(token, paserk));
    if (claims.success) return claims.data;
  }
  return 'Its signature is wrong, or it does not say what a receipt says.';
}

type Expected = ReceiptSubject & { readonly grantId: string; readonly status: RunOutcome; readonly digest: string | undefined };

/** What the receipt is not for; undefined when all of it fits. */
function mismatchOf(claims: ReceiptClaims, expected: Expected): string | undefined {
  const { provider, runId, request, action, environment, input, grantId, status, digest } = expected;
  const pairs: readonly (readonly [string, string, string | undefined])[] = [
    ['provider', claims.provider, provider],
    ['grant', claims.grant, grantId],
    ['run', claims.run, runId],
    ['request', claims.request, request],
    ['action', claims.action, action],
    ['environment', claims.environment, environment],
    ['input', claims.input, input],
    ['outcome', claims.status, status],
    ['result', claims.result, digest],
  ];
  const wrong = pairs.find(([, said, known]) => said !== known)?.[0];
  return wrong === undefined ? undefined : `It is for another ${wrong} than that of this run.`;
}
