import { type Actor, GuichetError, type LedgerPage, type LedgerQuery } from '@guichet/contract';
import type { ProviderSource } from './catalog.ts';
import type { Grants } from './grants.ts';

/** How long a provider may take for one page of its ledger, in ms. */
const LIMIT_MS = 15_000;

export interface LedgerAsk {
  readonly grants: Grants;
  readonly source: ProviderSource;
  readonly query: LedgerQuery;
  /** Who wants to know. */
  readonly caller: Actor & { readonly teams: readonly string[] };
}

/** One page of a provider's ledger. Rejects with `provider.*`, also when it takes too long. */
export async function askLedger({ grants, source, query, caller }: LedgerAsk): Promise<LedgerPage> {
  const { name, endpoint } = source;
  if (endpoint.ledger === undefined) throw new GuichetError('provider.protocol', `Provider '${name}' keeps no ledger.`);
  const { id, name: callerName, teams } = caller;
  const subject = {
    aud: name,
    phase: 'ledger',
    action: '*',
    version: '',
    environment: '*',
    request: null,
    run: null,
  } as const;
  const asker = { id, name: callerName, teams: [...teams] };
  const signal = AbortSignal.timeout(LIMIT_MS);
  const late = Promise.withResolvers<never>();
  signal.addEventListener('abort', () =>
    late.reject(new GuichetError('provider.timeout', `Provider '${name}' did not show its ledger within ${LIMIT_MS / 1000} s.`)),
  );
  const grant = grants.claims({ ...subject, caller: asker, approvers: [] }, query, new Date());
  return Promise.race([endpoint.ledger({ query, grant, signal }), late.promise]);
}
