import { oneOf, present, textOf } from '../../app/search-values.ts';
import type { Search } from '../../app/use-filter.ts';
import { ACTION_KINDS, type Kind, RISKS, type Risk } from './action-words.ts';

/** What the catalogue shows, as it stands in its address. */
export interface CatalogueFilter {
  readonly search?: string;
  readonly kind?: Kind;
  readonly risk?: Risk;
  readonly provider?: string;
  readonly team?: string;
  readonly environment?: string;
  readonly only?: 'favourites' | 'recent';
}

export const readCatalogueFilter = (search: Search): CatalogueFilter =>
  present({
    search: textOf(search['search']),
    kind: oneOf(ACTION_KINDS, search['kind']),
    risk: oneOf(RISKS, search['risk']),
    provider: textOf(search['provider']),
    team: textOf(search['team']),
    environment: textOf(search['environment']),
    only: oneOf(['favourites', 'recent'] as const, search['only']),
  });

/** What a link to an action's page fills in. */
export interface Prefill {
  readonly environment?: string;
  readonly reason?: string;
  /** An object; a text when the link held something else. */
  readonly input?: Readonly<Record<string, unknown>> | string;
}

export function readPrefill({ environment, reason, input }: Search): Prefill {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  return present({
    environment: textOf(environment),
    reason: textOf(reason),
    // An object, looked at above; the router has read it from its JSON.
    input: isObject ? (input as Readonly<Record<string, unknown>>) : input === undefined ? undefined : String(input),
  });
}
