import { present, textOf } from '../../app/search-values.ts';
import type { Search } from '../../app/use-filter.ts';

/** What the page of an environment shows, as it stands in its address. */
export interface ApplicationFilter {
  readonly team?: string;
}

export const readApplicationFilter = ({ team }: Search): ApplicationFilter => present({ team: textOf(team) });
