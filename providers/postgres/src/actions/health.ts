import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { findDatabase } from '../contents/find-database.ts';
import type { Finding, Severity } from '../health/finding.ts';
import { type Examination, lookOver } from '../health/look-over.ts';
import { refusing } from '../instance-error.ts';
import { counted } from '../words.ts';
import { DatabaseName, databaseOptions } from './database-field.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

const SEVERITIES = ['info', 'warning', 'critical'] as const;

const Input = z.strictObject({
  instance: InstanceName,
  database: DatabaseName.optional().describe('Only this database, besides the server itself; all of them when absent'),
  severity: z.enum(SEVERITIES).default('info').describe('Only findings that are at least so bad'),
});

export function healthAction(workplace: Workplace): ProviderAction {
  return action('health', {
    title: 'Find what is wrong with an instance',
    description:
      'Looks a server and its databases over: indexes that are missing, unused, double or invalid, bloat, vacuum and wraparound, sequences near their end, long transactions, replication slots that keep log, lag, connections, settings that endanger. Each finding says why it matters and what mends it.',
    kind: 'read',
    risk: 'safe',
    input: Input,
    output: 'table',
    timeoutSeconds: 300,
    examples: [
      { title: 'Find what is wrong', input: { instance: 'pg1' } },
      { title: 'See what cannot wait', input: { instance: 'pg1', severity: 'critical' } },
    ],
    options: { instance: instanceOptions(workplace), database: databaseOptions(workplace) },
    run: ({ input, environment, signal, progress }) =>
      refusing(async () => {
        const instance = await workplace.estate.find(environment, input.instance);
        const database =
          input.database === undefined ? undefined : await findDatabase(instance, { name: input.database, environment });
        const examination = await lookOver(instance, { environment, database, signal, progress });
        const shown = examination.findings.filter(({ severity }) => isAtLeast(severity, input.severity));
        return {
          kind: 'table',
          columns: [
            { key: 'severity', title: 'Severity', type: 'state' },
            { key: 'finding', title: 'Finding' },
            { key: 'database', title: 'Database', type: 'code' },
            { key: 'object', title: 'What', type: 'code' },
            { key: 'figure', title: 'How much' },
            { key: 'why', title: 'Why it matters', wide: true },
            { key: 'mend', title: 'What mends it', type: 'code', wide: true },
          ],
          rows: shown.map(({ severity, finding, database: where, object, figure, why, mend }) => ({
            severity,
            finding,
            database: where ?? null,
            object,
            figure,
            why,
            mend,
          })),
          notes: [...adviceOn(shown), ...scopeOf(examination, shown, instance.name)],
          ...(shown.length === 0 && { empty: emptyOf(examination, { instance: instance.name, severity: input.severity }) }),
        };
      }),
  });
}

/** What could not be looked at is always told: nobody knows how bad it is. */
function isAtLeast(severity: Severity, least: (typeof SEVERITIES)[number]): boolean {
  return severity === 'unknown' || SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);
}

/** For each kind of finding: why it matters, and what mends the first of its kind. */
function adviceOn(findings: readonly Finding[]): string[] {
  const kinds = Map.groupBy(findings, ({ finding }) => finding);
  return [...kinds.values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const { finding, object, why, mend } = first;
    const of = alike.length === 1 ? '' : ` (${object}, the first of ${alike.length})`;
    return [`${finding}: ${why} → ${mend}${of}`];
  });
}

function scopeOf(
  { checks, databases, leftOut, replica, findings }: Examination,
  rows: readonly Finding[],
  instance: string,
): string[] {
  const shown = rows.length;
  const kinds = new Set(rows.map(({ finding }) => finding)).size;
  const hidden = findings.length - shown;
  const where = replica ? 'the server alone' : `${counted(databases.length, 'database')}: ${databases.join(', ')}`;
  return [
    ...(kinds < shown ? ['-o wide shows what mends each of them.'] : []),
    ...(hidden > 0 ? [`${counted(hidden, 'finding')} of less severity not shown.`] : []),
    ...(replica ? [`'${instance}' is a replica: its tables and indexes are looked at on its primary.`] : []),
    ...(leftOut > 0 ? [`${counted(leftOut, 'more database')} not looked at; --database looks at one.`] : []),
    ...(shown > 0 ? [`${checks} checks, ${where}.`] : []),
  ];
}

function emptyOf(
  { checks, databases, replica, findings }: Examination,
  { instance, severity }: { instance: string; severity: string },
): string {
  const scope = `${checks} checks of ${replica ? 'the server' : `the server and ${counted(databases.length, 'database')} (${databases.join(', ')})`}`;
  if (findings.length > 0) return `Nothing on '${instance}' is as bad as ${severity}: ${scope}.`;
  return `'${instance}' is healthy: ${scope} found nothing.`;
}
