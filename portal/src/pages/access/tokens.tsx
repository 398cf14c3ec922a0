import { KeyRound, Plus, Trash2 } from 'lucide-react';
import { type ReactNode, useMemo, useState } from 'react';
import { usePages } from '../../api/pages.ts';
import { useCall } from '../../api/use-call.ts';
import type { Messages } from '../../messages/en/index.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { tell } from '../../ui/toast.tsx';
import { CreateToken } from './create-token.tsx';
import { scopeInWords, type Token, type TokenState, tokenState } from './token-words.ts';

const TONES: Readonly<Record<TokenState, Tone>> = { active: 'good', revoked: 'neutral', expired: 'neutral' };

const columnsOf = (m: Messages['access']['tokens']): readonly Column<Token>[] => [
  {
    key: 'name',
    title: m.name,
    cell: ({ name, makerLeft }) => (
      <>
        <span className="font-medium">{name}</span>
        {makerLeft === true && (
          <Badge tone="warn" className="ml-2 align-middle">
            {m.makerLeft}
          </Badge>
        )}
      </>
    ),
    sort: ({ name }) => name,
    width: 180,
    grow: true,
  },
  {
    key: 'state',
    title: m.state,
    cell: (token) => <Badge tone={TONES[tokenState(token)]}>{m.states[tokenState(token)]}</Badge>,
    sort: tokenState,
    width: 100,
    priority: 1,
  },
  { key: 'whose', title: m.whose, cell: ({ principal }) => principal.id, sort: ({ principal }) => principal.id, width: 150 },
  { key: 'scope', title: m.scope, cell: (token) => scopeInWords(token, m), width: 220, grow: true, priority: 3 },
  {
    key: 'created',
    title: m.created,
    cell: ({ createdAt }) => <Time at={createdAt} />,
    sort: ({ createdAt }) => createdAt,
    descending: true,
    width: 120,
    priority: 3,
  },
  {
    key: 'used',
    title: m.lastUsed,
    cell: ({ lastUsedAt }) =>
      lastUsedAt === null ? <span className="text-faint">{m.neverUsed}</span> : <Time at={lastUsedAt} />,
    sort: ({ lastUsedAt }) => lastUsedAt,
    descending: true,
    width: 120,
    priority: 3,
  },
  {
    key: 'ends',
    title: m.ends,
    cell: ({ expiresAt }) => <Time at={expiresAt} />,
    sort: ({ expiresAt }) => expiresAt,
    width: 120,
  },
];

const idOf = ({ id }: Token): string => id;

/** My tokens, and those of machines of my teams; those that still count first. */
export function Tokens(): ReactNode {
  const m = useMessages().access.tokens;
  const pages = usePages('tokens.list', { query: { limit: 100 } });
  const [isCreating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Token>();
  const columns = useMemo(() => columnsOf(m), [m]);
  const rows = useMemo(() => {
    const counts = (token: Token): boolean => tokenState(token) === 'active';
    return [...pages.items.filter(counts), ...pages.items.filter((token) => !counts(token))];
  }, [pages.items]);
  const create = (
    <Button size="sm" look="primary" icon={Plus} onClick={() => setCreating(true)}>
      {m.create}
    </Button>
  );
  return (
    <Panel flush title={m.title} actions={create}>
      <p className="border-b border-line px-4 py-1.5 text-xs text-faint">{m.about}</p>
      <Loaded query={pages.query}>
        {() => (
          <DataTable
            caption={m.title}
            columns={columns}
            rows={rows}
            rowId={idOf}
            more={pages.more}
            empty={
              <EmptyState icon={KeyRound} title={m.none}>
                {m.noneText}
              </EmptyState>
            }
            actions={(token, focus) =>
              tokenState(token) === 'active' && (
                <IconButton
                  size="sm"
                  icon={Trash2}
                  label={m.revokeLabel(token.name)}
                  {...focus}
                  onClick={() => setRevoking(token)}
                />
              )
            }
          />
        )}
      </Loaded>
      {isCreating && <CreateToken onClose={() => setCreating(false)} />}
      {revoking !== undefined && <Revoke token={revoking} onClose={() => setRevoking(undefined)} />}
    </Panel>
  );
}

function Revoke({ token, onClose }: { readonly token: Token; readonly onClose: () => void }): ReactNode {
  const m = useMessages().access.tokens;
  const revoke = useCall('tokens.revoke', {
    changes: ['tokens.list'],
    onSuccess: () => {
      tell(m.revoked(token.name));
      onClose();
    },
  });
  return (
    <FormDialog
      size="sm"
      title={m.revokeTitle(token.name)}
      about={m.revokeText}
      send={m.revoke}
      look="danger"
      busy={revoke.isPending}
      error={revoke.error}
      onSend={() => revoke.mutate({ params: { token: token.id } })}
      onClose={onClose}
    />
  );
}
