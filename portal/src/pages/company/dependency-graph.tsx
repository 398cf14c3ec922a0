import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { ServiceName } from './names.tsx';

/** Heights in pixels, so that lines meet the middle of boxes without measuring them. */
const BOX = 30;
const GAP = 8;
const LINES = 56;
/** More than these are told as a number: a picture of fifty boxes says nothing. */
const MOST = 12;

/** A service between those that need it and those that it needs. On a phone two lists, without lines. */
export function DependencyGraph({
  name,
  needs,
  neededBy,
}: {
  readonly name: string;
  readonly needs: readonly string[];
  readonly neededBy: readonly string[];
}): ReactNode {
  const m = useMessages().company.service;
  if (needs.length === 0 && neededBy.length === 0) return <p className="text-sm text-soft">{m.noDependencies}</p>;
  const rows = Math.max(rowsOf(needs), rowsOf(neededBy), 1);
  const height = rows * (BOX + GAP) - GAP;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is of a form; this is a picture in words
    <div role="group" aria-label={m.graph(name)} className="md:flex md:justify-center">
      <Side title={m.neededBy} names={neededBy} />
      <Lines height={height} count={rowsOf(neededBy)} />
      <div className="max-md:hidden">
        <div className="h-6" />
        <div className="flex items-center" style={{ height }}>
          <div className="flex h-9 items-center rounded-md border border-accent bg-accent-tint px-3 text-sm font-semibold">
            {name}
          </div>
        </div>
      </div>
      <Lines height={height} count={rowsOf(needs)} toRight />
      <Side title={m.needs} names={needs} />
    </div>
  );
}

const rowsOf = (names: readonly string[]): number => Math.min(names.length, MOST) + (names.length > MOST ? 1 : 0);

function Side({ title, names }: { readonly title: string; readonly names: readonly string[] }): ReactNode {
  const all = useMessages().company;
  return (
    <div className="flex min-w-0 flex-col md:max-w-64 md:flex-1 max-md:mb-3">
      <h3 className="h-6 text-xs font-medium text-faint">
        {title}
        {names.length === 0 && <span className="font-normal"> · {all.nothing}</span>}
      </h3>
      <ul className="flex flex-1 flex-col justify-center gap-2">
        {names.slice(0, MOST).map((name) => (
          <li
            key={name}
            className="flex items-center truncate rounded-md border border-line bg-page px-2.5 text-sm"
            style={{ height: BOX }}
          >
            <ServiceName name={name} />
          </li>
        ))}
        {names.length > MOST && (
          <li className="flex items-center px-2.5 text-sm text-faint" style={{ height: BOX }}>
            {all.service.more(names.length - MOST)}
          </li>
        )}
      </ul>
    </div>
  );
}

/** From the middle of each box of a side to the middle of the service. */
function Lines({
  height,
  count,
  toRight = false,
}: {
  readonly height: number;
  readonly count: number;
  readonly toRight?: boolean;
}): ReactNode {
  const top = (height - (count * (BOX + GAP) - GAP)) / 2 + BOX / 2;
  return (
    <div className="shrink-0 pt-6 max-md:hidden">
      <svg aria-hidden width={LINES} height={height} className="text-line-strong" fill="none" stroke="currentColor">
        {Array.from({ length: count }, (_, row) => {
          const y = top + row * (BOX + GAP);
          const [from, to] = toRight ? [height / 2, y] : [y, height / 2];
          return (
            <g key={y}>
              <path d={`M0 ${from} C ${LINES / 2} ${from} ${LINES / 2} ${to} ${LINES - 6} ${to}`} />
              <path d={`M${LINES - 9} ${to - 4} L ${LINES - 3} ${to} L ${LINES - 9} ${to + 4}`} />
            </g>
          );
        })}
      </svg>
    </div>
  );
}
