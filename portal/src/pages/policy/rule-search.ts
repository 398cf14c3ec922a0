import { present, textOf } from '../../app/search-values.ts';
import type { Search } from '../../app/use-filter.ts';

export interface RuleSearch {
  /** Words that must all be there. */
  readonly q?: string;
}

export const readRuleSearch = ({ q }: Search): RuleSearch => present({ q: textOf(q) });
