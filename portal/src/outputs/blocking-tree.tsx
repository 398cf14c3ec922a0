import type { TreeNode } from '@guichet/contract';
import clsx from 'clsx';
import { Hourglass, Lock } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../messages/index.tsx';
import { Badge } from '../ui/badge.tsx';
import { duration } from '../ui/format.ts';
import { TreeView } from '../ui/tree-view.tsx';
import { numberAt, recordAt, textAt } from './node-facts.ts';
import { toneOfState } from './state-tone.ts';

const childrenOf = (node: TreeNode): readonly TreeNode[] => node.children ?? [];
const keyOf = ({ data, label }: TreeNode): string => String(numberAt(data, 'pid') ?? textAt(data, 'gid') ?? label);
const textOf = (node: TreeNode): string => node.label;

interface BlockingTreeProps {
  readonly roots: readonly TreeNode[];
  readonly label: string;
  /** Buttons of a session. */
  readonly actions?: ((node: TreeNode, focus: { readonly tabIndex: 0 | -1 }) => ReactNode) | undefined;
}

/** Who holds others up, and who waits behind whom, how long, for what. */
export function BlockingTree({ roots, label, actions }: BlockingTreeProps): ReactNode {
  return (
    <TreeView
      label={label}
      roots={roots}
      childrenOf={childrenOf}
      keyOf={keyOf}
      textOf={textOf}
      render={(node, focus) => <SessionCard node={node} actions={actions?.(node, focus)} />}
    />
  );
}

function SessionCard({ node, actions }: { readonly node: TreeNode; readonly actions: ReactNode }): ReactNode {
  const m = useMessages().outputs.blocking;
  const { data } = node;
  const pid = numberAt(data, 'pid');
  const isRoot = numberAt(data, 'depth') === 0;
  const behind = numberAt(data, 'behind') ?? 0;
  const frees = numberAt(data, 'frees') ?? 0;
  const state = textAt(data, 'state');
  const query = textAt(data, 'query');
  const application = textAt(data, 'application');
  const open = numberAt(data, 'transactionAge');
  const since = numberAt(data, 'statementAge');
  const lock = recordAt(data, 'lock');
  return (
    <div
      className={clsx(
        'flex min-w-0 flex-col gap-1 rounded-md border bg-panel px-3 py-2 text-sm sm:flex-row sm:items-start sm:gap-3',
        isRoot ? 'border-bad/60' : 'border-line',
      )}
    >
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          {isRoot ? (
            <Lock size={14} aria-label={m.root} role="img" className="text-bad" />
          ) : (
            <Hourglass size={14} aria-hidden className="text-warn" />
          )}
          {pid === undefined ? (
            <span className="font-medium break-words">{node.label}</span>
          ) : (
            <>
              <code className="font-mono text-xs font-semibold">{pid}</code>
              <span className="font-medium">{application ?? textAt(data, 'user') ?? textAt(data, 'kind') ?? m.ended}</span>
            </>
          )}
          {state !== undefined && <Badge tone={toneOfState(state)}>{state}</Badge>}
          {data?.['deadlock'] === true && <Badge tone="bad">{m.deadlock}</Badge>}
          {isRoot && open !== undefined && (
            <span className="text-xs text-soft tabular-nums">{m.transaction(duration(open))}</span>
          )}
          {!isRoot && since !== undefined && <span className="text-xs text-soft tabular-nums">{m.waits(duration(since))}</span>}
        </div>
        {lock !== undefined && <LockLine lock={lock} />}
        {query !== undefined && (
          <code className="mt-0.5 line-clamp-2 font-mono text-xs break-words text-soft" title={query}>
            {query}
          </code>
        )}
        {pid === undefined && node.detail !== undefined && <p className="text-xs break-words text-soft">{node.detail}</p>}
        {behind > 0 && (
          <p className="mt-0.5 text-xs font-medium text-ink">
            {m.behind(behind)}
            {frees > 0 && <span className="font-normal text-soft">; {m.frees(frees)}</span>}
          </p>
        )}
      </div>
      {actions !== undefined && <div className="flex shrink-0 gap-1">{actions}</div>}
    </div>
  );
}

function LockLine({ lock }: { readonly lock: Record<string, unknown> }): ReactNode {
  const m = useMessages().outputs.blocking;
  const held = textAt(lock, 'heldAs');
  return (
    <p className="text-xs text-soft">
      {m.waitsFor} <span className="text-ink">{textAt(lock, 'mode')}</span>{' '}
      <code className="font-mono">{textAt(lock, 'relation') ?? textAt(lock, 'type')}</code>
      {held !== undefined && <span>, {m.heldAs(held)}</span>}
    </p>
  );
}
