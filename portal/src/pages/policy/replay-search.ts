import { oneOf, present } from '../../app/search-values.ts';
import type { Search } from '../../app/use-filter.ts';

export const DAYS = [7, 30, 90, 365] as const;
export type Days = (typeof DAYS)[number];

export interface ReplaySearch {
  readonly days?: Days;
}

export const readReplaySearch = ({ days }: Search): ReplaySearch => present({ days: oneOf(DAYS, Number(days)) });
