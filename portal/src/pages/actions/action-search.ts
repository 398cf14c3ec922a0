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

type Search = Readonly<Record<string, unknown>>;

export function readCatalogueFilter(search: Search): CatalogueFilter {
  const text = (name: string): string | undefined => {
    const value = search[name];
    // An address that says `search=42` is read as a number.
    return typeof value === 'string' || typeof value === 'number' ? String(value) || undefined : undefined;
  };
  const kind = ACTION_KINDS.find((one) => one === search['kind']);
  const risk = RISKS.find((one) => one === search['risk']);
  const only = (['favourites', 'recent'] as const).find((one) => one === search['only']);
  const typed = text('search');
  const provider = text('provider');
  const team = text('team');
  const environment = text('environment');
  return {
    ...(typed !== undefined && { search: typed }),
    ...(kind !== undefined && { kind }),
    ...(risk !== undefined && { risk }),
    ...(provider !== undefined && { provider }),
    ...(team !== undefined && { team }),
    ...(environment !== undefined && { environment }),
    ...(only !== undefined && { only }),
  };
}

/** What a link to an action's page fills in. */
export interface Prefill {
  readonly environment?: string;
  readonly reason?: string;
  /** An object; a text when the link held something else. */
  readonly input?: Readonly<Record<string, unknown>> | string;
}

export function readPrefill({ environment, reason, input }: Search): Prefill {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  return {
    ...(typeof environment === 'string' && environment !== '' && { environment }),
    ...((typeof reason === 'string' || typeof reason === 'number') && { reason: String(reason) }),
    // An object, looked at above; the router has read it from its JSON.
    ...(isObject ? { input: input as Readonly<Record<string, unknown>> } : input !== undefined && { input: String(input) }),
  };
}
