import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useRead } from '../../api/read.ts';
import { useFilter } from '../../app/use-filter.ts';
import { useMessages } from '../../messages/index.tsx';
import { OutputView } from '../../outputs/output-view.tsx';
import { Checkbox, Select } from '../../ui/field.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { textOf } from './cells.ts';
import { useInstance } from './instance.ts';
import { readRolesSearch, readSettingsSearch, readTablesSearch } from './search.ts';

/** A read of the server that needs nothing but to be shown. */
function ReadPanel({
  action,
  input = {},
  title,
  actions,
}: {
  readonly action: string;
  readonly input?: Readonly<Record<string, unknown>>;
  readonly title: string;
  readonly actions?: ReactNode;
}): ReactNode {
  const { environment, instance } = useInstance();
  const query = useRead('table', { action, environment, input: { instance, ...input } }, { staleMs: 10_000 });
  return (
    <Panel flush title={title} actions={actions}>
      <Loaded query={query}>{(output) => <OutputView output={output} name={`${action}-${instance}`} />}</Loaded>
    </Panel>
  );
}

export function DatabasesTab(): ReactNode {
  const m = useMessages().postgres;
  return <ReadPanel action="postgres.databases" title={m.tabs.databases} />;
}

const tables = getRouteApi('/postgres/$environment/$instance/tables');

export function TablesTab(): ReactNode {
  const m = useMessages().postgres;
  const { environment, instance } = useInstance();
  const { database } = useFilter(tables.useSearch(), readTablesSearch);
  const navigate = tables.useNavigate();
  const { data } = useRead('table', { action: 'postgres.databases', environment, input: { instance } }, { staleMs: 60_000 });
  const names = data?.rows.flatMap((row) => textOf(row, 'name') ?? []) ?? [];
  return (
    <ReadPanel
      action="postgres.tables"
      input={{ limit: 1000, ...(database !== undefined && { database }) }}
      title={m.tabs.tables}
      actions={
        names.length > 0 && (
          <Select
            size="sm"
            aria-label={m.explain.database}
            className="w-44!"
            placeholder={m.explain.database}
            items={names.map((name) => ({ value: name, label: name }))}
            value={database ?? null}
            onChange={(name) => void navigate({ search: { database: name }, replace: true })}
          />
        )
      }
    />
  );
}

const roles = getRouteApi('/postgres/$environment/$instance/roles');

export function RolesTab(): ReactNode {
  const m = useMessages().postgres;
  const { loginOnly = false } = useFilter(roles.useSearch(), readRolesSearch);
  const navigate = roles.useNavigate();
  return (
    <ReadPanel
      action="postgres.roles"
      input={{ loginOnly }}
      title={m.tabs.roles}
      actions={
        <Checkbox
          label={m.reads.loginOnly}
          checked={loginOnly}
          onChange={(checked) => void navigate({ search: checked ? { loginOnly: true } : {}, replace: true })}
        />
      }
    />
  );
}

const settings = getRouteApi('/postgres/$environment/$instance/settings');

export function SettingsTab(): ReactNode {
  const m = useMessages().postgres;
  const { all = false } = useFilter(settings.useSearch(), readSettingsSearch);
  const navigate = settings.useNavigate();
  return (
    <ReadPanel
      action="postgres.settings"
      input={{ all }}
      title={m.tabs.settings}
      actions={
        <Checkbox
          label={m.reads.allSettings}
          checked={all}
          onChange={(checked) => void navigate({ search: checked ? { all: true } : {}, replace: true })}
        />
      }
    />
  );
}
