import type { TreeNode } from '@guichet/contract';
import { getRouteApi } from '@tanstack/react-router';
import { Ban, OctagonX, Unlock } from 'lucide-react';
import { type ReactNode, useCallback } from 'react';
import { useRead } from '../../api/read.ts';
import { present } from '../../app/search-values.ts';
import { useFilter } from '../../app/use-filter.ts';
import { useMessages } from '../../messages/index.tsx';
import { BlockingTree } from '../../outputs/blocking-tree.tsx';
import { numberAt, textAt } from '../../outputs/node-facts.ts';
import { Notes } from '../../outputs/notes.tsx';
import { Button } from '../../ui/button.tsx';
import { Checkbox } from '../../ui/field.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { EmptyState, Note } from '../../ui/states.tsx';
import { useAsk } from './ask.tsx';
import { useInstance } from './instance.ts';
import { LiveControl, useLive } from './live.tsx';
import { MendButton } from './mend-button.tsx';
import { readBlockingSearch } from './search.ts';

const route = getRouteApi('/postgres/$environment/$instance/blocking');

/** Who holds whom up, as a picture that renews itself. */
export function BlockingTab(): ReactNode {
  const m = useMessages().postgres;
  const { environment, instance } = useInstance();
  const { explain = false, every = 2 } = useFilter(route.useSearch(), readBlockingSearch);
  const navigate = route.useNavigate();
  const live = useLive(every);
  const query = useRead(
    'tree',
    { action: 'postgres.blocking', environment, input: { instance, explain } },
    { everyMs: live.everyMs },
  );
  const actions = useCallback(
    (node: TreeNode, focus: { readonly tabIndex: 0 | -1 }) => <NodeActions node={node} {...focus} />,
    [],
  );
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-3">
        <Checkbox
          label={m.blocking.explain}
          checked={explain}
          onChange={(checked) =>
            void navigate({ search: (before) => present({ ...before, explain: checked || undefined }), replace: true })
          }
        />
        <span className="flex-1" />
        <LiveControl
          live={live}
          query={query}
          pace={every}
          onPace={(pace) => void navigate({ search: (before) => present({ ...before, every: pace }), replace: true })}
        />
      </div>
      {live.isLeft && <Note tone="warn">{m.live.left}</Note>}
      <Panel flush>
        <Loaded query={query}>
          {({ roots, notes }) => (
            <>
              {roots.length === 0 ? (
                <EmptyState icon={Unlock} title={m.blocking.none} />
              ) : (
                <BlockingTree roots={roots} label={m.blocking.label} actions={actions} />
              )}
              <Notes notes={notes} beside={(note) => <MendButton text={note} instance={instance} environment={environment} />} />
            </>
          )}
        </Loaded>
      </Panel>
    </div>
  );
}

function NodeActions({ node, tabIndex }: { readonly node: TreeNode; readonly tabIndex: 0 | -1 }): ReactNode {
  const m = useMessages().postgres.activity;
  const ask = useAsk();
  const { instance } = useInstance();
  const pid = numberAt(node.data, 'pid');
  // A prepared transaction has no session; one that has ended needs no signal.
  if (pid === undefined || textAt(node.data, 'state') === undefined) return null;
  const startedAt = textAt(node.data, 'startedAt');
  const statementStartedAt = textAt(node.data, 'statementStartedAt');
  // The session, and of a cancel the statement, that is on the screen: no later one of its pid.
  const input = { instance, pid, ...(startedAt !== undefined && { startedAt }) };
  const statement = { ...input, ...(statementStartedAt !== undefined && { statementStartedAt }) };
  return (
    <>
      {textAt(node.data, 'state') === 'active' && (
        <Button
          size="sm"
          icon={Ban}
          tabIndex={tabIndex}
          onClick={() => ask({ action: 'postgres.cancel-query', input: statement })}
        >
          {m.cancelShort} <span className="sr-only">{pid}</span>
        </Button>
      )}
      <Button
        size="sm"
        icon={OctagonX}
        tabIndex={tabIndex}
        className="text-bad!"
        onClick={() => ask({ action: 'postgres.terminate-session', input })}
      >
        {m.terminateShort} <span className="sr-only">{pid}</span>
      </Button>
    </>
  );
}
