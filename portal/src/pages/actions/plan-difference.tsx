import type { Plan } from '@guichet/contract';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { readable } from '../../ui/readable.ts';
import { Note } from '../../ui/states.tsx';

type Shown = Omit<Plan, 'seen'>;

/** What is another in a plan that was made again: the sentences that are gone, and those that are new. */
export function PlanDifference({ was, is }: { readonly was: Shown; readonly is: Shown }): ReactNode {
  const m = useMessages().actions;
  const before = linesOf(was);
  const now = linesOf(is);
  const gone = before.filter((line) => !now.includes(line));
  const fresh = now.filter((line) => !before.includes(line));
  return (
    <div role="alert">
      <Note tone="warn">
        <p className="font-medium">{m.difference}</p>
        <p>{m.differenceText}</p>
        {gone.length + fresh.length === 0 ? (
          <p className="mt-1">{m.same}</p>
        ) : (
          <ul className="mt-2 flex flex-col gap-0.5 font-mono text-xs">
            {gone.map((line) => (
              <li key={line} className="rounded bg-bad-tint px-1.5 py-0.5">
                <span className="text-bad">
                  <span aria-hidden>− </span>
                  <span className="sr-only">{m.was}: </span>
                </span>
                <del className="no-underline">{readable(line)}</del>
              </li>
            ))}
            {fresh.map((line) => (
              <li key={line} className="rounded bg-good-tint px-1.5 py-0.5">
                <span className="text-good">
                  <span aria-hidden>+ </span>
                  <span className="sr-only">{m.is}: </span>
                </span>
                <ins className="no-underline">{readable(line)}</ins>
              </li>
            ))}
          </ul>
        )}
      </Note>
    </div>
  );
}

const linesOf = ({ summary, effects, warnings, resource }: Shown): string[] => [
  summary,
  ...effects,
  ...warnings,
  `${resource.type}:${resource.id}${resource.owner === undefined ? '' : ` (${resource.owner})`}`,
];
