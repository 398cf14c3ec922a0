import type { Action } from '@guichet/contract';
import { lazy, type ReactNode, Suspense } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Select } from '../../ui/field.tsx';
import { duration } from '../../ui/format.ts';
import { Panel } from '../../ui/page.tsx';
import { ErrorNote, Note, Skeleton } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import type { Reading } from './use-reading.ts';

const OutputView = lazy(async () => ({ default: (await import('../../outputs/output-view.tsx')).OutputView }));

const EVERY = ['0', '2', '10', '60'] as const;

/** What a read has given back, how long it took, and how often it is asked again. */
export function ReadAnswer({ action, reading }: { readonly action: Action; readonly reading: Reading }): ReactNode {
  const m = useMessages().actions;
  const { answer, error, isAsking, isOld, everySeconds, setEvery } = reading;
  if (answer === undefined && error === undefined && !isAsking) return null;
  return (
    <Panel
      title={m.answer}
      flush
      actions={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-faint">
          {answer !== undefined && (
            <span role="status">
              <Time at={answer.at} /> · {m.took(duration(answer.tookMs / 1000))}
            </span>
          )}
          <Select
            size="sm"
            aria-label={m.refresh}
            className="w-36!"
            items={EVERY.map((seconds) => ({ value: seconds, label: m.refreshEvery[seconds] }))}
            value={EVERY.find((seconds) => Number(seconds) === everySeconds) ?? '0'}
            onChange={(seconds) => setEvery(Number(seconds))}
          />
        </span>
      }
    >
      {error !== undefined && (
        <div className="flex flex-col gap-2 p-4">
          <ErrorNote error={error} />
          {everySeconds > 0 && <Note tone="warn">{m.stopped}</Note>}
        </div>
      )}
      {answer === undefined ? (
        isAsking && <Skeleton />
      ) : (
        <div className={isOld || error !== undefined ? 'opacity-60' : ''} aria-busy={isOld}>
          <Suspense fallback={<Skeleton />}>
            <OutputView output={answer.output} name={action.id} />
          </Suspense>
        </div>
      )}
    </Panel>
  );
}
