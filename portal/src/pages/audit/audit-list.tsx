import type { ResponseOf } from '@guichet/client';
import type { AuditEvent } from '@guichet/contract';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Archive, Download, RotateCw, ScrollText } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useMemo, useRef, useState } from 'react';
import { asProblem } from '../../api/gateway.ts';
import { usePages } from '../../api/pages.ts';
import { useKeys } from '../../app/keys.ts';
import { useFilter } from '../../app/use-filter.ts';
import { useMessages, useSpoken } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { exactTime } from '../../ui/format.ts';
import { Page, Panel } from '../../ui/page.tsx';
import { EmptyState, ErrorNote, ErrorState, Note } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { auditQuery, readAuditFilter } from './audit-filter.ts';
import { EventWords } from './event-words.tsx';
import { FilterBar } from './filter-bar.tsx';
import { AuditStanding } from './standing.tsx';

const ExportDialog = lazy(async () => ({ default: (await import('./export-dialog.tsx')).ExportDialog }));
const route = getRouteApi('/audit');
const PAGE = 100;

/** The audit log, newest first: searched and narrowed by what stands in the address. */
export function AuditList(): ReactNode {
  const m = useMessages();
  const { language } = useSpoken();
  const filter = useFilter(route.useSearch(), readAuditFilter);
  const navigate = useNavigate();
  const search = useRef<HTMLInputElement>(null);
  const [isExporting, setExporting] = useState(false);
  const [lookedAt, setLookedAt] = useState(() => Date.now());
  const query = useMemo(() => auditQuery(filter, lookedAt), [filter, lookedAt]);
  const pages = usePages('audit.list', { query: { limit: PAGE, ...query } });
  const columns = useColumns();
  useKeys({ '/': { label: m.audit.filters.search, run: () => search.current?.focus() } });

  // The list of pages knows items alone; this route says one thing more, on its last page.
  const last = pages.query.data?.pages.at(-1) as ResponseOf<'audit.list'> | undefined;
  const { nextError } = pages;
  return (
    <Page
      title={m.audit.title}
      about={m.audit.about}
      wide
      actions={
        <>
          <Button icon={RotateCw} look="quiet" busy={pages.query.isFetching} onClick={renew}>
            {m.audit.refresh}
          </Button>
          <Button icon={Download} onClick={() => setExporting(true)}>
            {m.audit.export.open}
          </Button>
        </>
      }
    >
      <AuditStanding />
      <FilterBar
        filter={filter}
        search={search}
        onChange={(next) => void navigate({ to: '/audit', search: next, replace: true })}
      />
      <Panel flush>
        {pages.query.data === undefined && pages.query.isError ? (
          <ErrorState error={asProblem(pages.query.error)} onRetry={() => void pages.query.refetch()} />
        ) : (
          <DataTable<AuditEvent>
            caption={m.audit.caption}
            columns={columns}
            rows={pages.items}
            rowId={idOf}
            link={linkOf}
            tone={toneOf}
            isLoading={pages.query.isPending}
            empty={
              <EmptyState icon={ScrollText} title={m.audit.empty}>
                {m.audit.emptyText}
              </EmptyState>
            }
            more={{ ...pages.more, ...(nextError && { error: <ErrorNote error={asProblem(nextError)} /> }) }}
          />
        )}
      </Panel>
      {last?.archivedBefore !== undefined && (
        <Note icon={Archive}>{m.audit.archived(exactTime(last.archivedBefore, language))}</Note>
      )}
      <Suspense>{isExporting && <ExportDialog query={query} onClose={() => setExporting(false)} />}</Suspense>
    </Page>
  );

  function renew(): void {
    if (filter.range === undefined) void pages.query.refetch();
    else setLookedAt(Date.now());
  }
}

const idOf = ({ id }: AuditEvent): string => id;
const linkOf = ({ id }: AuditEvent) => ({ to: '/audit/$event', params: { event: id } }) as const;
const toneOf = ({ outcome }: AuditEvent): string | undefined =>
  outcome === 'ok' ? undefined : outcome === 'denied' ? 'bg-warn-tint/40' : 'bg-bad-tint/40';

function useColumns(): readonly Column<AuditEvent>[] {
  const m = useMessages().audit.columns;
  return useMemo(
    () => [
      { key: 'what', title: m.what, width: 180, grow: true, cell: (event) => <EventWords event={event} /> },
      { key: 'request', title: m.request, width: 90, cell: ({ request }) => request ?? '' },
      { key: 'action', title: m.action, width: 210, priority: 3, cell: ({ action }) => <Code text={action} /> },
      { key: 'environment', title: m.environment, width: 110, cell: ({ environment }) => environment ?? '' },
      { key: 'resource', title: m.resource, width: 220, priority: 3, cell: ({ resource }) => <Code text={resource} /> },
      { key: 'when', title: m.when, width: 110, priority: 1, cell: ({ at }) => <Time at={at} className="text-faint" /> },
    ],
    [m],
  );
}

const Code = ({ text }: { readonly text: string | null }): ReactNode =>
  text === null ? null : <span className="font-mono text-xs">{text}</span>;
