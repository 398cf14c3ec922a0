import type { TreeNode } from '@guichet/contract';
import { type ReactNode, useMemo } from 'react';
import { useSpoken } from '../messages/index.tsx';
import { Badge } from '../ui/badge.tsx';
import { TreeView } from '../ui/tree-view.tsx';
import { numberAt, recordAt } from './node-facts.ts';

/** What a step costs by itself, of the whole of which it is a part. */
interface Weight {
  readonly share: number;
  readonly milliseconds: number | undefined;
}

const childrenOf = (node: TreeNode): readonly TreeNode[] => node.children ?? [];
const keyOf = (node: TreeNode, index: number): string => `${index}-${node.label}`;
const textOf = (node: TreeNode): string => node.label;

/** How a server runs a statement: each step with a bar for its own part of the cost, or of the time where it was measured. */
export function PlanTree({ roots, label }: { readonly roots: readonly TreeNode[]; readonly label: string }): ReactNode {
  const weights = useMemo(() => weigh(roots), [roots]);
  return (
    <TreeView
      label={label}
      roots={roots}
      childrenOf={childrenOf}
      keyOf={keyOf}
      textOf={textOf}
      render={(node) => <PlanStep node={node} weight={weights.get(node) ?? { share: 0, milliseconds: undefined }} />}
    />
  );
}

function PlanStep({ node, weight }: { readonly node: TreeNode; readonly weight: Weight }): ReactNode {
  const { language, messages } = useSpoken();
  const m = messages.outputs.plan;
  const { data } = node;
  const count = (value: number): string =>
    new Intl.NumberFormat(language, { notation: value >= 100_000 ? 'compact' : 'standard', maximumFractionDigits: 1 }).format(
      value,
    );
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 }).format(weight.share);
  const loops = numberAt(data, 'loops') ?? 1;
  const planned = numberAt(data, 'rows');
  const actual = numberAt(data, 'actualRows');
  const cost = numberAt(data, 'cost');
  const factor = actual === undefined || planned === undefined ? 1 : misjudged(planned, actual);
  const blocks = [numberAt(data, 'blocksRead'), numberAt(data, 'blocksHit')] as const;
  const conditions = Object.entries(recordAt(data, 'conditions') ?? {});
  return (
    <div className="flex min-w-0 flex-col gap-0.5 sm:flex-row sm:items-start sm:gap-4">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 text-sm font-medium break-words">
          {node.label}
          {factor >= 10 && <Badge tone="warn">{m.off(count(Math.round(factor)))}</Badge>}
        </p>
        {conditions.map(([name, condition]) => (
          <p key={name} className="font-mono text-xs break-words text-soft">
            <span className="text-faint">{name} </span>
            {String(condition)}
          </p>
        ))}
        {blocks[0] !== undefined && <p className="text-xs text-faint">{m.blocks(count(blocks[0]), count(blocks[1] ?? 0))}</p>}
      </div>
      <div className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-0.5 text-xs text-soft tabular-nums sm:w-[26rem] sm:justify-end">
        {actual === undefined ? (
          planned !== undefined && <span>{m.rows(count(planned))}</span>
        ) : loops === 0 ? (
          <span>{m.never}</span>
        ) : (
          <span>
            {m.rows(count(actual * loops))}
            {planned !== undefined && <span className="text-faint"> ({m.expected(count(planned * loops))})</span>}
          </span>
        )}
        {loops > 1 && <span>{m.times(count(loops))}</span>}
        {weight.milliseconds !== undefined ? (
          <span>{milliseconds(weight.milliseconds)}</span>
        ) : (
          cost !== undefined && <span>{m.cost(count(cost))}</span>
        )}
        <Bar share={weight.share} label={m.share(percent)} />
      </div>
    </div>
  );
}

/** A bar says at a glance what the number beside it says exactly. */
export function Bar({ share, label }: { readonly share: number; readonly label: string }): ReactNode {
  const tone = share >= 0.5 ? 'bg-bad' : share >= 0.2 ? 'bg-warn' : 'bg-accent';
  return (
    <span
      role="img"
      aria-label={label}
      title={label}
      className="inline-flex h-2 w-24 shrink-0 overflow-hidden rounded-full bg-sunken"
    >
      <span className={`h-full rounded-full ${tone}`} style={{ width: `${Math.max(share * 100, share > 0 ? 2 : 0)}%` }} />
    </span>
  );
}

/** `0.12 ms`, `3.4 s` */
function milliseconds(value: number): string {
  if (value >= 1000) return `${(value / 1000).toPrecision(3)} s`;
  return `${Number(value.toPrecision(2))} ms`;
}

/** How many times more or fewer rows came than were expected. */
const misjudged = (planned: number, actual: number): number =>
  Math.max((actual + 1) / (planned + 1), (planned + 1) / (actual + 1));

/** Costs and times of a step hold those of the steps below it: what it takes by itself is the rest. */
function weigh(roots: readonly TreeNode[]): ReadonlyMap<TreeNode, Weight> {
  const weights = new Map<TreeNode, Weight>();
  const isMeasured = roots.some(({ data }) => numberAt(data, 'milliseconds') !== undefined);
  const whole = (node: TreeNode): number => {
    if (!isMeasured) return numberAt(node.data, 'cost') ?? 0;
    return (numberAt(node.data, 'milliseconds') ?? 0) * (numberAt(node.data, 'loops') ?? 1);
  };
  const total = roots.reduce((sum, root) => sum + whole(root), 0) || 1;
  const walk = (node: TreeNode): void => {
    const below = childrenOf(node).reduce((sum, child) => sum + whole(child), 0);
    const own = Math.max(0, whole(node) - below);
    weights.set(node, { share: Math.min(1, own / total), milliseconds: isMeasured ? whole(node) : undefined });
    for (const child of childrenOf(node)) walk(child);
  };
  for (const root of roots) walk(root);
  return weights;
}
