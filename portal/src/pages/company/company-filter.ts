import { present, textOf } from '../../app/search-values.ts';
import type { Search } from '../../app/use-filter.ts';

/** What a list of people or things shows, as it stands in its address. */
export interface CompanyFilter {
  readonly search?: string;
  readonly team?: string;
}

export const readCompanyFilter = ({ search, team }: Search): CompanyFilter =>
  present({ search: textOf(search), team: textOf(team) });

/** True when one of the texts contains what was typed, capitals and accents or not. */
export function includesWord(typed: string, ...texts: readonly (string | null)[]): boolean {
  const wanted = plain(typed.trim());
  return wanted === '' || texts.some((text) => text !== null && plain(text).includes(wanted));
}

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
