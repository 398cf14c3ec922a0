import { present, textOf } from '../../app/search-values.ts';
import type { Search } from '../../app/use-filter.ts';

/** What a new schedule begins with, as it stands in its address. */
export interface SchedulePrefill {
  readonly action?: string;
  readonly environment?: string;
}

export const readSchedulePrefill = ({ action, environment }: Search): SchedulePrefill =>
  present({ action: textOf(action), environment: textOf(environment) });
