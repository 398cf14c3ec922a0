import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import { LogOut, Monitor, SquareTerminal } from 'lucide-react';
import { type ReactNode, useMemo, useState } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useCall } from '../../api/use-call.ts';
import { signOut } from '../../app/sign-out.ts';
import type { Messages } from '../../messages/en/index.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Checkbox } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { tell } from '../../ui/toast.tsx';

type Session = ResponseOf<'sessions.list'>['items'][number];

const columnsOf = (m: Messages['access']['sessions']): readonly Column<Session>[] => [
  {
    key: 'client',
    title: m.client,
    cell: ({ client, kind, current }) => {
      const Icon = kind === 'browser' ? Monitor : SquareTerminal;
      return (
        <span className="flex items-center gap-2">
          <Icon size={14} aria-label={m.kinds[kind]} className="shrink-0 text-faint" />
          <span className="truncate">{client}</span>
          {current && <Badge tone="accent">{m.here}</Badge>}
        </span>
      );
    },
    sort: ({ client }) => client,
    width: 220,
    grow: true,
  },
  {
    key: 'address',
    title: m.address,
    cell: ({ address }) => <code className="font-mono text-xs">{address}</code>,
    width: 160,
    priority: 3,
  },
  {
    key: 'since',
    title: m.since,
    cell: ({ createdAt }) => <Time at={createdAt} />,
    sort: ({ createdAt }) => createdAt,
    width: 120,
    priority: 3,
  },
  {
    key: 'used',
    title: m.lastUsed,
    cell: ({ lastUsedAt }) => <Time at={lastUsedAt} />,
    sort: ({ lastUsedAt }) => lastUsedAt,
    width: 120,
  },
  {
    key: 'ends',
    title: m.ends,
    cell: ({ expiresAt }) => <Time at={expiresAt} />,
    sort: ({ expiresAt }) => expiresAt,
    width: 120,
  },
];

const idOf = ({ id }: Session): string => id;

/** Where I am signed in. */
export function Sessions(): ReactNode {
  const m = useMessages().access.sessions;
  const { csrf } = useMe();
  const query = useQuery(asked('sessions.list'));
  const [ending, setEnding] = useState<Session>();
  const [isEverywhere, setEverywhere] = useState(false);
  const columns = useMemo(() => columnsOf(m), [m]);
  return (
    <Panel
      flush
      title={m.title}
      actions={
        <Button size="sm" icon={LogOut} onClick={() => setEverywhere(true)}>
          {m.everywhere}
        </Button>
      }
    >
      <Loaded query={query}>
        {({ items }) => (
          <DataTable
            caption={m.title}
            columns={columns}
            rows={items}
            rowId={idOf}
            empty={<EmptyState title={m.none} />}
            actions={(session, focus) => (
              <IconButton
                size="sm"
                icon={LogOut}
                label={m.endLabel(session.client)}
                {...focus}
                onClick={() => (session.current ? signOut(csrf ?? '') : setEnding(session))}
              />
            )}
          />
        )}
      </Loaded>
      {ending !== undefined && <EndOne session={ending} onClose={() => setEnding(undefined)} />}
      {isEverywhere && <EndAll onClose={() => setEverywhere(false)} />}
    </Panel>
  );
}

function EndOne({ session, onClose }: { readonly session: Session; readonly onClose: () => void }): ReactNode {
  const m = useMessages().access.sessions;
  const end = useCall('sessions.revoke', {
    changes: ['sessions.list'],
    onSuccess: () => {
      tell(m.ended, { description: session.client });
      onClose();
    },
  });
  return (
    <FormDialog
      size="sm"
      title={m.endTitle}
      about={m.endText(session.client)}
      send={m.end}
      look="danger"
      busy={end.isPending}
      error={end.error}
      onSend={() => end.mutate({ params: { session: session.id } })}
      onClose={onClose}
    />
  );
}

function EndAll({ onClose }: { readonly onClose: () => void }): ReactNode {
  const m = useMessages().access.sessions;
  const { csrf } = useMe();
  const [tokens, setTokens] = useState(false);
  // Nobody is signed in any more afterwards: the page that says so has to be another one.
  const end = useCall('sessions.revoke-all', { onSuccess: () => signOut(csrf ?? '') });
  return (
    <FormDialog
      title={m.everywhereTitle}
      about={m.everywhereText}
      send={m.everywhere}
      look="danger"
      busy={end.isPending || end.isSuccess}
      error={end.error}
      onSend={() => end.mutate({ body: { tokens } })}
      onClose={onClose}
    >
      <Checkbox label={m.tokensToo} about={m.tokensTooAbout} checked={tokens} onChange={setTokens} />
    </FormDialog>
  );
}
