import type { QueryMask } from '../query-mask.ts';
import type { Explanation } from './explain-statement.ts';
import { planWarnings } from './plan-warnings.ts';

/** What may make it slow first, then under which settings it was planned. */
export function notesOnPlan({ explained, tables, workMem }: Explanation, mask: QueryMask): string[] {
  const warnings = planWarnings(explained.Plan, { tables, workMem, mask });
  const settings = Object.entries(explained.Settings ?? {}).filter(([name]) => !OUR_SETTINGS.has(name));
  if (settings.length === 0) return warnings;
  return [...warnings, `Settings that are not the default: ${settings.map(([name, value]) => `${name} = ${value}`).join(', ')}.`];
}

/** Those that only this session has. */
const OUR_SETTINGS: ReadonlySet<string> = new Set(['plan_cache_mode', 'search_path']);
