import { useNavigate } from '@tanstack/react-router';
import { Activity, Ban, Copy, Ellipsis, Network, OctagonX } from 'lucide-react';
import { type ReactNode, useCallback, useMemo, useState } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { Badge } from '../../../ui/badge.tsx';
import { Button, IconButton } from '../../../ui/button.tsx';
import { DataTable } from '../../../ui/data-table.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Menu } from '../../../ui/menu.tsx';
import { EmptyState, Note } from '../../../ui/states.tsx';
import { useCopyAndTell } from '../../../ui/use-copy.ts';
import { useAsk } from '../ask.tsx';
import { textOf } from '../cells.ts';
import { useInstance } from '../instance.ts';
import { isWaiting, pidOf, type Session, sessionColumns, toneOf } from './session-columns.tsx';
import { SessionFacts } from './session-facts.tsx';

const idOf = ({ row }: Session): string => pidOf(row);

/** The sessions, longest waits first; each can be looked at, cancelled, ended. */
export function SessionTable({
  sessions,
  filter,
  notes = [],
}: {
  readonly sessions: readonly Session[];
  readonly filter: string;
  readonly notes?: readonly string[] | undefined;
}): ReactNode {
  const messages = useMessages();
  const m = messages.postgres.activity;
  const columns = useMemo(() => sessionColumns(messages), [messages]);
  const found = useMemo(() => matching(sessions, filter), [sessions, filter]);
  const [opened, setOpened] = useState<Session>();
  const waiting = found.filter(isWaiting).length;
  const actions = useCallback(
    (session: Session, focus: { readonly tabIndex: 0 | -1 }) => <SessionMenu session={session} {...focus} />,
    [],
  );
  return (
    <>
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-1.5 text-xs text-faint">
        <span className="tabular-nums">{m.sessions(found.length, sessions.length)}</span>
        {waiting > 0 && <Badge tone="warn">{m.waiting(waiting)}</Badge>}
        {notes
          .filter((note) => !note.includes('guichet postgres blocking'))
          .map((note) => (
            <span key={note}>{note}</span>
          ))}
      </div>
      <DataTable
        caption={m.caption}
        columns={columns}
        rows={found}
        rowId={idOf}
        onOpen={setOpened}
        actions={actions}
        tone={toneOf}
        empty={<EmptyState icon={Activity} title={m.none} />}
        className="max-h-[max(20rem,calc(100dvh-17rem))]"
      />
      {opened !== undefined && (
        <SessionDialog
          seen={opened}
          now={sessions.find((one) => idOf(one) === idOf(opened))}
          onClose={() => setOpened(undefined)}
        />
      )}
    </>
  );
}

function matching(sessions: readonly Session[], filter: string): readonly Session[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return sessions;
  return sessions.filter(({ row }) => {
    const text = Object.values(row).join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** What a signal to this session asks for: the session that is on the screen, and no later one of its pid. */
export function useSignals(row: Session['row']): { readonly cancel: () => void; readonly terminate: () => void } {
  const ask = useAsk();
  const { instance } = useInstance();
  const startedAt = textOf(row, 'startedAt');
  const statementStartedAt = textOf(row, 'statementStartedAt');
  const input = { instance, pid: Number(row['pid']), ...(startedAt !== undefined && { startedAt }) };
  return {
    cancel: () =>
      ask({
        action: 'postgres.cancel-query',
        input: { ...input, ...(statementStartedAt !== undefined && { statementStartedAt }) },
      }),
    terminate: () => ask({ action: 'postgres.terminate-session', input }),
  };
}

function SessionMenu({ session, tabIndex }: { readonly session: Session; readonly tabIndex: 0 | -1 }): ReactNode {
  const { postgres, outputs } = useMessages();
  const m = postgres.activity;
  const { environment, instance } = useInstance();
  const navigate = useNavigate();
  const { cancel, terminate } = useSignals(session.row);
  const copyAndTell = useCopyAndTell();
  const pid = pidOf(session.row);
  const blocking = {
    label: m.seeBlocking,
    icon: Network,
    onSelect: () => void navigate({ to: '/postgres/$environment/$instance/blocking', params: { environment, instance } }),
  };
  return (
    <Menu
      trigger={<IconButton size="sm" icon={Ellipsis} label={m.more(pid)} tabIndex={tabIndex} />}
      entries={[
        ...(textOf(session.row, 'state') === 'active' ? [{ label: m.cancel, icon: Ban, onSelect: cancel }] : []),
        { label: m.terminate, icon: OctagonX, tone: 'bad' as const, onSelect: terminate },
        'line',
        ...(isWaiting(session) || session.blocks > 0 ? [blocking] : []),
        { label: m.copyPid, icon: Copy, onSelect: () => copyAndTell(pid, outputs.copied(pid)) },
      ]}
    />
  );
}

/** All of one session. It goes on with the session as long as that is there; then it says that it is gone. */
function SessionDialog({
  seen,
  now,
  onClose,
}: {
  readonly seen: Session;
  readonly now: Session | undefined;
  readonly onClose: () => void;
}): ReactNode {
  const m = useMessages().postgres.activity;
  // Another session may have got the pid meanwhile.
  const isSame = now !== undefined && now.row['startedAt'] === seen.row['startedAt'];
  const shown = isSame ? now : seen;
  const { cancel, terminate } = useSignals(shown.row);
  const closing = (then: () => void) => () => {
    onClose();
    then();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      size="lg"
      title={m.session(pidOf(shown.row))}
      {...(isSame && {
        actions: (
          <>
            {textOf(shown.row, 'state') === 'active' && (
              <Button icon={Ban} onClick={closing(cancel)}>
                {m.cancel}
              </Button>
            )}
            <Button look="danger" icon={OctagonX} onClick={closing(terminate)}>
              {m.terminate}
            </Button>
          </>
        ),
      })}
    >
      {!isSame && <Note tone="warn">{m.gone}</Note>}
      <SessionFacts row={shown.row} />
    </Dialog>
  );
}
