import { commandLine } from '../describe-session.ts';
import type { QueryMask } from '../query-mask.ts';
import type { Explanation } from './explain-statement.ts';
import { planWarnings } from './plan-warnings.ts';

export interface Where {
  readonly instance: string;
  readonly environment: string;
  readonly database: string;
}

/** What may make it slow first, then under which settings it was planned. */
export function notesOnPlan({ explained, tables, workMem }: Explanation, mask: QueryMask, where: Where): string[] {
  const indexCommand = (table: string, columns: readonly string[]): string =>
    commandLine('create-index-concurrently', {
      instance: where.instance,
      database: where.database,
      table,
      column: columns,
      env: where.environment,
    });
  const warnings = planWarnings(explained.Plan, { tables, workMem, mask, indexCommand });
  const settings = Object.entries(explained.Settings ?? {}).filter(([name]) => !OUR_SETTINGS.has(name));
  if (settings.length === 0) return warnings;
  return [...warnings, `Settings that are not the default: ${settings.map(([name, value]) => `${name} = ${value}`).join(', ')}.`];
}

/** Those that only this session has. */
const OUR_SETTINGS: ReadonlySet<string> = new Set(['plan_cache_mode', 'search_path']);
