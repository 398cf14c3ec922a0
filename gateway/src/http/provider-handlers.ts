import { GuichetError, type Principal, type Provider } from '@guichet/contract';
import type { Catalog, ProviderFacts } from '../catalog/index.ts';
import type { Database } from '../db/index.ts';
import { suggestion } from '../findings/index.ts';
import { type Policy, seenBy } from '../policy/index.ts';
import { trustedKids } from '../receipts/index.ts';
import type { ProviderFigures } from '../telemetry/index.ts';
import type { Handlers } from './call.ts';

export interface ProviderServices {
  readonly db: Database;
  readonly policy: Policy;
  readonly catalog: Catalog;
  readonly providerFigures: Pick<ProviderFigures, 'of'>;
}

/** The handlers of providers: parse has happened, ask policy, look them up, reply. */
export function providerHandlers({
  db,
  policy,
  catalog,
  providerFigures,
}: ProviderServices): Pick<Handlers, 'providers.list' | 'providers.show'> {
  /** Whoever may see an action knows who offers it. One without any is seen by those who may look up who runs what. */
  const visible = (principal: Principal): ProviderFacts[] => {
    const sees = seenBy(policy, principal);
    const seesAll = policy.decide({ operation: 'directory.see', principal }).effect === 'permit';
    return catalog
      .facts()
      .flatMap((facts) => {
        const actions = facts.actions.filter(sees);
        const isSeen = facts.actions.length === 0 ? seesAll : actions.length > 0;
        return isSeen ? [{ ...facts, actions }] : [];
      })
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  };
  const shown = async (all: readonly ProviderFacts[]): Promise<Provider[]> => {
    const kids = await trustedKids(db);
    return all.map((facts) => ({ ...toProvider(facts, kids.get(facts.name) ?? []), figures: figuresOf(facts.name) }));
  };
  const figuresOf = (name: string): Provider['figures'] => {
    const { since, ...figures } = providerFigures.of(name);
    return { since: since.toISOString(), ...figures };
  };
  return {
    'providers.list': async ({ caller }) => ({ items: await shown(visible(caller.principal)) }),
    'providers.show': async ({ caller, params }) => {
      const all = visible(caller.principal);
      const [provider] = await shown(all.filter(({ name }) => name === params.provider));
      if (provider !== undefined) return provider;
      const names = all.map(({ name }) => name);
      const remedy = suggestion(params.provider, names) ?? 'guichet providers list shows them.';
      throw new GuichetError('provider.unknown', `There is no provider '${params.provider}'.`, { remedy });
    },
  };
}

function toProvider(facts: ProviderFacts, kids: readonly string[]): Omit<Provider, 'figures'> {
  const { name, about, mounted, unavailable, since, manifestAt, hasLedger, actions } = facts;
  const signs = about?.receipts !== undefined;
  return {
    name,
    title: about?.title ?? null,
    version: about?.version ?? null,
    team: about?.team ?? null,
    protocol: about?.protocol ?? null,
    where: mounted ? 'mounted' : 'remote',
    available: unavailable === undefined,
    unavailableReason: unavailable ?? null,
    since: since.toISOString(),
    manifestAt: manifestAt?.toISOString() ?? null,
    actions: {
      read: actions.filter(({ kind }) => kind === 'read').length,
      write: actions.filter(({ kind }) => kind === 'write').length,
      ids: actions.map(({ id }) => id).sort(),
    },
    receipts: signs,
    receiptKeys: signs ? [...kids] : [],
    ledger: hasLedger,
  };
}
