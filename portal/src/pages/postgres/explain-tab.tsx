import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { FlaskConical, Play, Waypoints } from 'lucide-react';
import { type FormEvent, type ReactNode, useState } from 'react';
import { asked } from '../../api/gateway.ts';
import { useRead } from '../../api/read.ts';
import { useFilter } from '../../app/use-filter.ts';
import { useMessages } from '../../messages/index.tsx';
import { OutputView } from '../../outputs/output-view.tsx';
import { Button } from '../../ui/button.tsx';
import { Field, Select, TextArea } from '../../ui/field.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { useAsk } from './ask.tsx';
import { textOf } from './cells.ts';
import { useInstance } from './instance.ts';
import { MendButton } from './mend-button.tsx';
import { readExplainSearch } from './search.ts';

const route = getRouteApi('/postgres/$environment/$instance/explain');

/** How the server would run a statement: one of the slow queries, by its address, or one that is typed here. */
export function ExplainTab(): ReactNode {
  const m = useMessages().postgres.explain;
  const { environment, instance } = useInstance();
  const { queryId, database } = useFilter(route.useSearch(), readExplainSearch);
  const ask = useAsk();
  // What is typed may hold data: it stays on this page, and in no address.
  const [typed, setTyped] = useState({ statement: '', database: database ?? '' });
  const [wanted, setWanted] = useState<{ statement: string; database: string }>();
  const databases = useRead('table', { action: 'postgres.databases', environment, input: { instance } }, { staleMs: 60_000 });
  const names = databases.data?.rows.flatMap((row) => textOf(row, 'name') ?? []) ?? [];
  const input = {
    instance,
    ...(queryId !== undefined
      ? { queryId, ...(database !== undefined && { database }) }
      : { statement: wanted?.statement ?? '', ...(wanted?.database && { database: wanted.database }) }),
  };
  const isAsked = queryId !== undefined || wanted !== undefined;
  const query = useRead(
    'tree',
    { action: 'postgres.slow-queries.explain', environment, input },
    { enabled: isAsked, staleMs: 30_000 },
  );
  const canMeasure = useQuery({
    ...asked('actions.show', { params: { action: 'postgres.explain-analyze' } }),
    staleTime: 300_000,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (typed.statement.trim() === '') return;
    if (wanted?.statement === typed.statement && wanted.database === typed.database) void query.refetch();
    else setWanted({ ...typed });
  };
  return (
    <div className="flex flex-col gap-3">
      {queryId === undefined ? (
        <Panel>
          <form onSubmit={submit} className="flex flex-col gap-3">
            <Field label={m.statement} about={m.statementAbout} required>
              <TextArea
                rows={4}
                spellCheck={false}
                className="font-mono text-xs!"
                value={typed.statement}
                onChange={(event) => setTyped({ ...typed, statement: event.currentTarget.value })}
                onKeyDown={(event) => {
                  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event);
                }}
              />
            </Field>
            <div className="flex flex-wrap items-end gap-3">
              {names.length > 0 && (
                <Field label={m.database} className="w-56">
                  <Select
                    items={names.map((name) => ({ value: name, label: name }))}
                    value={typed.database === '' ? null : typed.database}
                    onChange={(name) => setTyped({ ...typed, database: name })}
                    placeholder={names[0] ?? ''}
                  />
                </Field>
              )}
              <Button type="submit" look="primary" icon={Play} keys="mod+enter" busy={query.isFetching && isAsked}>
                {m.run}
              </Button>
              {canMeasure.data !== undefined && (
                <Button
                  icon={FlaskConical}
                  title={m.measureAbout}
                  disabled={typed.statement.trim() === ''}
                  onClick={() =>
                    ask({
                      action: 'postgres.explain-analyze',
                      input: { instance, statement: typed.statement, ...(typed.database !== '' && { database: typed.database }) },
                    })
                  }
                >
                  {m.measure}
                </Button>
              )}
            </div>
          </form>
        </Panel>
      ) : (
        <div className="flex flex-wrap items-center gap-3 text-sm">
          <span>{m.picked(queryId)}</span>
          <Link
            to="/postgres/$environment/$instance/explain"
            params={{ environment, instance }}
            className="text-accent hover:underline"
          >
            {m.another}
          </Link>
        </div>
      )}
      <Panel flush>
        {isAsked ? (
          <Loaded query={query}>
            {(output) => (
              <OutputView
                output={output}
                name={`explain-${instance}`}
                besideNote={(note) => <MendButton text={note} instance={instance} environment={environment} />}
              />
            )}
          </Loaded>
        ) : (
          <EmptyState icon={Waypoints} title={m.empty} />
        )}
      </Panel>
    </div>
  );
}
