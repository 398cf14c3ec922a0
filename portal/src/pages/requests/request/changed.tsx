import type { Request } from '@guichet/contract';
import type { ReactNode } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { Button } from '../../../ui/button.tsx';
import { Note } from '../../../ui/states.tsx';
import { lineDiff } from './line-diff.ts';
import { DiffLines, PlanDiff } from './plan-diff.tsx';

/** The request is no longer the one that the reader began to look at: what differs, to be seen before anything is decided. */
export function Changed({
  seen,
  now,
  onSeen,
}: {
  readonly seen: Request;
  readonly now: Request;
  readonly onSeen: () => void;
}): ReactNode {
  const m = useMessages().request;
  const lines = lineDiff(linesOf(seen.input), linesOf(now.input));
  return (
    <Note tone="warn">
      <div className="flex flex-col items-start gap-3" role="alert">
        <div>
          <p className="font-medium">{m.decide.changed}</p>
          <p>{m.decide.changedText}</p>
        </div>
        <div className="w-full">
          <PlanDiff before={seen.plan} after={now.plan} sides="seen" />
          {lines.some(({ kind }) => kind !== 'same') && <DiffLines title={m.drift.input} lines={lines} sides="seen" />}
        </div>
        <Button onClick={onSeen}>{m.decide.lookedAt}</Button>
      </div>
    </Note>
  );
}

const linesOf = (input: Request['input']): readonly string[] => JSON.stringify(input, null, 2).split('\n');
