import { formatRequestId, isFinal, type LedgerEntry, type ReconcileFinding } from '@guichet/contract';
import type { IssuedGrant } from './reconcile-store.ts';

type Kind = ReconcileFinding['kind'];

/** How a run ended as the gateway knows it: by the end of the run, or by the person who settled it. */
function knownEnd({ outcome, state, lastRun, runId }: IssuedGrant): string | null {
  if (outcome !== 'unknown' || lastRun !== runId) return outcome;
  return isFinal(state) ? state : 'unknown';
}

function finding(kind: Kind, grant: IssuedGrant, words: { message: string; remedy: string }): ReconcileFinding {
  const { provider, issuedAt, request, runId: run, grantId } = grant;
  return { kind, provider, at: issuedAt.toISOString(), request: formatRequestId(request), run, grant: grantId, ...words };
}

/** What a person has settled is shown with who did; a ledger that says otherwise stays a finding. */
const settled = (found: ReconcileFinding, { resolved }: IssuedGrant): ReconcileFinding =>
  resolved === null ? found : { ...found, resolved };

/** An entry of a ledger whose grant the gateway has not issued to this provider for this run. */
export function foreignEntry(provider: string, entry: LedgerEntry, grant: IssuedGrant | undefined): ReconcileFinding | undefined {
  if (grant?.provider === provider && grant.runId === entry.run && formatRequestId(grant.request) === entry.request)
    return undefined;
  const { grant: id, run, request, startedAt: at, action, environment, status } = entry;
  const known =
    grant === undefined
      ? 'under a grant that this gateway never issued'
      : `under a grant that was issued to ${grant.provider} for another run`;
  return {
    kind: 'effect_without_grant',
    provider,
    at,
    request,
    run,
    grant: id,
    message: `The ledger has a run of ${action} in ${environment} (${status}) ${known}.`,
    remedy: `Look at what '${action}' did at that time. If the provider trusts this gateway alone, a key that signs grants may be in other hands: rotate-grant-key --now --revoke KID.`,
  };
}

const ENDED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled']);
/** The handler was never entered, as far as the gateway knows. */
const NOT_RUN: ReadonlySet<string> = new Set(['refused', 'unsent', 'not_started']);

/** What the two sides say of the end of a run; undefined when they agree, or when one of them does not know yet. */
export function compareEnds(entry: LedgerEntry, grant: IssuedGrant): ReconcileFinding | undefined {
  const ours = knownEnd(grant);
  const theirs = entry.status;
  const id = formatRequestId(grant.request);
  if (ours === null) return undefined; // it runs
  const words = `The ledger says ${theirs.replace('_', ' ')}, and the gateway ${ours.replace('_', ' ')}.`;
  if (ours === 'unknown') {
    if (!ENDED.has(theirs) || grant.state !== 'unknown') return undefined;
    return finding('unsettled', grant, {
      message: words,
      remedy: `Settle it: guichet requests resolve ${id} --as ${theirs === 'succeeded' ? 'succeeded' : 'failed'}.`,
    });
  }
  const look = `Look at what ${id} acted on, and ask the team of the provider which of the two is right.`;
  if (NOT_RUN.has(ours)) {
    return ENDED.has(theirs) || theirs === 'started'
      ? finding('outcome_mismatch', grant, { message: words, remedy: look })
      : undefined;
  }
  if (theirs === 'started' || theirs === 'unknown') {
    const message = `The ledger has no outcome of the run; the gateway says ${ours}.`;
    return settled(finding('outcome_missing', grant, { message, remedy: look }), grant);
  }
  // A run that was stopped at its time limit is cancelled to the one and failed to the other.
  if ((ours === 'succeeded') !== (theirs === 'succeeded'))
    return finding('outcome_mismatch', grant, { message: words, remedy: look });
  if (grant.result !== null && entry.result !== null && grant.result !== entry.result) {
    const message = 'The ledger has another result than the one that the gateway was given.';
    return finding('result_mismatch', grant, { message, remedy: look });
  }
  return undefined;
}

/** A run that the gateway dispatched and heard the end of, and of which the ledger knows nothing. */
export function unknownToLedger(grant: IssuedGrant, { knowsFrom }: { knowsFrom: number }): ReconcileFinding | undefined {
  const ours = knownEnd(grant);
  // Refused before the handler, or never sent: there is nothing to know. Null: it is on its way.
  if (ours === null || NOT_RUN.has(ours)) return undefined;
  // Who signed a receipt had a ledger then, whatever it says of its age.
  if (grant.issuedAt.getTime() < knowsFrom && grant.verdict !== 'verified') return undefined;
  const id = formatRequestId(grant.request);
  if (ours === 'unknown') {
    if (grant.state !== 'unknown' || grant.lastRun !== grant.runId) return undefined;
    const message = 'The outcome of the run is unknown, and its provider never admitted it.';
    return finding('grant_without_effect', grant, {
      message,
      remedy: `When the provider has no other replica with a ledger of its own: guichet requests resolve ${id} --as not_started.`,
    });
  }
  const missing = finding('grant_without_effect', grant, {
    message: `The gateway says ${ours}, and the ledger has no such run.`,
    remedy:
      'Ask the team of the provider whether its ledger was lost, cut off or is not shared by its replicas; compare its receipt with what is there.',
  });
  return settled(missing, grant);
}

/** What was recorded about the receipt when the run ended. */
export function recordedReceipt(grant: IssuedGrant): ReconcileFinding | undefined {
  const { verdict, reason, provider } = grant;
  if (verdict === null || verdict === 'verified') return undefined;
  const kind = verdict === 'missing' ? 'receipt_missing' : 'receipt_refused';
  return finding(kind, grant, {
    message: reason ?? 'There is no receipt.',
    remedy: `The result is kept all the same. Ask the team of '${provider}'; a new key is taken with accept-provider-key.`,
  });
}

export function badReceipt(grant: IssuedGrant, why: string): ReconcileFinding {
  return finding('receipt_refused', grant, {
    message: `The receipt in the ledger does not hold: ${why}`,
    remedy: 'Somebody has changed the ledger, or signs with another key: ask the team of the provider.',
  });
}
