import type { TableOutput } from '@guichet/contract';
import { CircleAlert, CircleHelp, CircleX, HeartPulse, Info, type LucideIcon, RotateCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { useRead } from '../../api/read.ts';
import { useMessages } from '../../messages/index.tsx';
import { WithCommands } from '../../outputs/notes.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { EmptyState, Skeleton } from '../../ui/states.tsx';
import { textOf } from './cells.ts';
import { useInstance } from './instance.ts';
import { MendButton } from './mend-button.tsx';

type Row = TableOutput['rows'][number];

/** The worst first. */
const SEVERITIES = ['critical', 'warning', 'info', 'unknown'] as const;
type Severity = (typeof SEVERITIES)[number];
const LOOKS: Readonly<Record<Severity, readonly [Tone, LucideIcon]>> = {
  critical: ['bad', CircleX],
  warning: ['warn', CircleAlert],
  info: ['info', Info],
  unknown: ['neutral', CircleHelp],
};

/** What is wrong with a server, why that matters, and the button that mends it. */
export function HealthTab(): ReactNode {
  const m = useMessages().postgres.health;
  const { environment, instance } = useInstance();
  const query = useRead('table', { action: 'postgres.health', environment, input: { instance } }, { staleMs: 60_000 });
  return (
    <div className="flex flex-col gap-3">
      <div className="flex justify-end">
        <Button icon={RotateCw} busy={query.isFetching} onClick={() => void query.refetch()}>
          {query.isFetching ? m.looking : m.look}
        </Button>
      </div>
      <Loaded
        query={query}
        skeleton={
          <Panel flush>
            <Skeleton rows={8} />
          </Panel>
        }
      >
        {({ rows, notes = [], empty }) =>
          rows.length === 0 ? (
            <Panel>
              <EmptyState icon={HeartPulse} title={m.healthy}>
                {empty}
              </EmptyState>
            </Panel>
          ) : (
            <>
              {SEVERITIES.map((severity) => (
                <Findings key={severity} severity={severity} rows={rows.filter((row) => row['severity'] === severity)} />
              ))}
              <p className="text-xs text-faint">{notes.at(-1)}</p>
            </>
          )
        }
      </Loaded>
    </div>
  );
}

function Findings({ severity, rows }: { readonly severity: Severity; readonly rows: readonly Row[] }): ReactNode {
  const m = useMessages().postgres.health;
  const [tone, icon] = LOOKS[severity];
  if (rows.length === 0) return null;
  return (
    <Panel
      flush
      title={
        <span className="flex items-center gap-2">
          <Badge tone={tone} icon={icon}>
            {m.severities[severity]}
          </Badge>
          <span className="font-normal text-faint tabular-nums">{rows.length}</span>
        </span>
      }
    >
      <ul>
        {rows.map((row) => (
          <FindingRow key={[row['finding'], row['database'], row['object'], row['figure']].join('\n')} row={row} />
        ))}
      </ul>
    </Panel>
  );
}

function FindingRow({ row }: { readonly row: Row }): ReactNode {
  const { environment, instance } = useInstance();
  const mend = textOf(row, 'mend') ?? '';
  const database = textOf(row, 'database');
  return (
    <li className="grid gap-x-6 gap-y-1.5 border-b border-line px-4 py-2.5 text-sm last:border-b-0 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)_6rem]">
      <div className="min-w-0">
        <p className="font-medium">{textOf(row, 'finding')}</p>
        <p className="font-mono text-xs break-words text-soft">
          {database !== undefined && <span className="text-faint">{database} · </span>}
          {textOf(row, 'object')}
        </p>
        <p className="text-xs text-soft">{textOf(row, 'figure')}</p>
      </div>
      <div className="min-w-0">
        <p className="text-soft">{textOf(row, 'why')}</p>
        <p className="mt-0.5 text-xs break-words text-faint">
          <WithCommands text={mend} />
        </p>
      </div>
      <div className="flex items-start lg:justify-end">
        <MendButton text={mend} instance={instance} environment={environment} />
      </div>
    </li>
  );
}
