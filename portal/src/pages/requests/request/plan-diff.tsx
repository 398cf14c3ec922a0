import type { Request } from '@guichet/contract';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { readable } from '../../../ui/readable.ts';
import { type DiffLine, lineDiff } from './line-diff.ts';

type Plan = Request['plan'];

const SIGNS = { same: ' ', removed: '−', added: '+' } as const;

/** What the two sides are called for whoever hears them: `approved` and run, or what was looked at and what is there now. */
type Sides = 'approved' | 'seen';

/** A plan beside what it is by now: each part of it, line by line, marked by sign and by colour. */
export function PlanDiff({
  before,
  after,
  sides,
}: {
  readonly before: Plan;
  readonly after: Plan;
  readonly sides: Sides;
}): ReactNode {
  const m = useMessages().request.drift;
  const parts = [
    [m.summary, lineDiff([before.summary], [after.summary])],
    [m.effects, lineDiff(before.effects, after.effects)],
    [m.warnings, lineDiff(before.warnings, after.warnings)],
    [m.resource, lineDiff(resourceLines(before), resourceLines(after))],
  ] as const;
  const isSame = parts.every(([, lines]) => lines.every(({ kind }) => kind === 'same'));
  return (
    <div className="flex flex-col gap-3">
      {isSame && <p className="text-sm">{m.fingerprint}</p>}
      {parts
        .filter(([, lines]) => lines.length > 0)
        .map(([title, lines]) => (
          <DiffLines key={title} title={title} lines={lines} sides={sides} />
        ))}
    </div>
  );
}

/** Lines of which some go and some come. */
export function DiffLines({
  title,
  lines,
  sides,
}: {
  readonly title: string;
  readonly lines: readonly DiffLine[];
  readonly sides: Sides;
}): ReactNode {
  const m = useMessages().request.drift;
  const words = sides === 'approved' ? { removed: m.removed, added: m.added } : { removed: m.before, added: m.now };
  return (
    <section aria-label={title}>
      <h3 className="pb-1 text-xs font-medium text-faint">{title}</h3>
      <ul className="overflow-hidden rounded-md border border-line text-sm">
        {lines.map(({ kind, text }, index) => (
          <li
            // The same line can stand there twice: its place is what it is.
            // biome-ignore lint/suspicious/noArrayIndexKey: see above
            key={index}
            className={clsx(
              'flex gap-2 px-2 py-0.5',
              kind === 'removed' && 'bg-bad-tint text-bad',
              kind === 'added' && 'bg-good-tint text-good',
            )}
          >
            <span aria-hidden className="w-3 shrink-0 text-center font-mono select-none">
              {SIGNS[kind]}
            </span>
            {kind !== 'same' && <span className="sr-only">{words[kind]}: </span>}
            <span className={clsx('min-w-0 break-words', kind !== 'same' && 'text-ink')}>{readable(text)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function resourceLines({ resource }: Plan): readonly string[] {
  const { type, id, service, owner } = resource;
  return [`${type} ${id}`, ...(service === undefined ? [] : [service]), ...(owner === undefined ? [] : [owner])];
}
