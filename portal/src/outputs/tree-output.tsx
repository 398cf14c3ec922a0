import type { TreeOutput as TreeData, TreeNode } from '@guichet/contract';
import { type ReactNode, useMemo } from 'react';
import { useMessages } from '../messages/index.tsx';
import { readable } from '../ui/readable.ts';
import { EmptyState, Note } from '../ui/states.tsx';
import { TreeView } from '../ui/tree-view.tsx';
import { BlockingTree } from './blocking-tree.tsx';
import { boundedTree } from './bounded-tree.ts';
import { isBlockingNode, isPlanNode } from './node-facts.ts';
import { PlanTree } from './plan-tree.tsx';

const childrenOf = (node: TreeNode): readonly TreeNode[] => node.children ?? [];
const keyOf = (node: TreeNode): string => node.label;
const textOf = (node: TreeNode): string => node.label;

/** A tree, as far as it can be drawn. */
export function TreeOutput({ output, name }: { readonly output: TreeData; readonly name: string }): ReactNode {
  const m = useMessages().outputs;
  const { roots, isCut } = useMemo(() => boundedTree(output.roots), [output.roots]);
  const drawn = useMemo((): TreeData => ({ ...output, roots: [...roots] }), [output, roots]);
  return (
    <>
      {isCut && <Note tone="warn">{m.treeCut}</Note>}
      <WholeTree output={drawn} name={name} />
    </>
  );
}

/** Drawn by what its nodes are: steps of a plan, sessions that wait, anything else. */
function WholeTree({ output, name }: { readonly output: TreeData; readonly name: string }): ReactNode {
  const m = useMessages().outputs;
  const { roots } = output;
  const label = output.title ?? name;
  if (roots.length === 0) return <EmptyState title={output.empty ?? m.nothing} />;
  if (roots.every(isPlanNode)) return <PlanTree roots={roots} label={label} />;
  if (roots.every(isBlockingNode)) return <BlockingTree roots={roots} label={label} />;
  return (
    <TreeView
      label={label}
      roots={roots}
      childrenOf={childrenOf}
      keyOf={keyOf}
      textOf={textOf}
      render={({ label: own, detail }) => (
        <div className="min-w-0 text-sm break-words">
          <span className="font-medium">{readable(own)}</span>{' '}
          {detail !== undefined && <span className="text-soft">{readable(detail)}</span>}
        </div>
      )}
    />
  );
}
