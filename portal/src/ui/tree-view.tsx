import clsx from 'clsx';
import { ChevronDown, ChevronRight, ChevronsDownUp, ChevronsUpDown } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from 'react';
import { useMessages } from '../messages/index.tsx';
import { Button } from './button.tsx';

interface TreeViewProps<Node> {
  readonly label: string;
  readonly roots: readonly Node[];
  readonly childrenOf: (node: Node) => readonly Node[];
  /** Tells siblings apart, and stays the same when the tree is drawn anew: what is folded stays folded. */
  readonly keyOf: (node: Node, index: number) => string;
  /** What somebody types to get to it. */
  readonly textOf: (node: Node) => string;
  /** Give buttons inside of it `tabIndex`, so that Tab finds those of the node that has been reached. */
  readonly render: (node: Node, focus: { readonly tabIndex: 0 | -1 }) => ReactNode;
}

/** A node that can be seen, with all that its place says. */
interface Shown<Node> {
  readonly node: Node;
  readonly path: string;
  readonly parent: string | undefined;
  readonly level: number;
  readonly place: number;
  readonly siblings: number;
  readonly isFolded: boolean;
  readonly hasChildren: boolean;
  /** For each level above it: whether a line goes on down beside it. */
  readonly lines: readonly boolean[];
}

/** From so many nodes on, there are buttons that fold all of it. */
const FOLD_ALL_FROM = 6;

/** A tree that is walked through by the arrows, as the pattern of ARIA has it, with its branches drawn. */
export function TreeView<Node>({ label, roots, childrenOf, keyOf, textOf, render }: TreeViewProps<Node>): ReactNode {
  const m = useMessages().ui.tree;
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = useState<string>();
  const tree = useRef<HTMLDivElement>(null);
  const all = useMemo(() => flattened({ roots, childrenOf, keyOf, folded: new Set() }), [roots, childrenOf, keyOf]);
  const shown = useMemo(() => flattened({ roots, childrenOf, keyOf, folded }), [roots, childrenOf, keyOf, folded]);
  const current = shown.find(({ path }) => path === active) ?? shown[0];
  const parents = all.filter(({ hasChildren, level }) => hasChildren && level > 1).map(({ path }) => path);

  const goTo = (to: Shown<Node> | undefined): void => {
    if (to === undefined) return;
    setActive(to.path);
    tree.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(to.path)}"]`)?.focus();
  };
  const fold = (path: string, isFolded: boolean): void =>
    setFolded((before) => {
      const next = new Set(before);
      if (isFolded) next.add(path);
      else next.delete(path);
      return next;
    });
  const onKeyDown = (event: KeyboardEvent): void => {
    if (current === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    // Keys on a button inside of a node are the button's.
    if (!(event.target instanceof HTMLElement) || event.target.role !== 'treeitem') return;
    const at = shown.indexOf(current);
    const { path, hasChildren, isFolded, parent } = current;
    switch (event.key) {
      case 'ArrowDown':
        goTo(shown[at + 1]);
        break;
      case 'ArrowUp':
        goTo(shown[at - 1]);
        break;
      case 'ArrowRight':
        if (hasChildren && isFolded) fold(path, false);
        else if (hasChildren) goTo(shown[at + 1]);
        break;
      case 'ArrowLeft':
        if (hasChildren && !isFolded) fold(path, true);
        else goTo(shown.find((other) => other.path === parent));
        break;
      case 'Home':
        goTo(shown[0]);
        break;
      case 'End':
        goTo(shown.at(-1));
        break;
      case 'Enter':
      case ' ':
        if (hasChildren) fold(path, !isFolded);
        break;
      case '*':
        setFolded(new Set());
        break;
      default: {
        if (event.key.length !== 1) return;
        const letter = event.key.toLowerCase();
        const after = [...shown.slice(at + 1), ...shown.slice(0, at)];
        const found = after.find(({ node }) => textOf(node).toLowerCase().startsWith(letter));
        if (found === undefined) return; // the key is the page's
        goTo(found);
      }
    }
    event.preventDefault();
  };
  return (
    <div className="flex min-w-0 flex-col">
      {all.length >= FOLD_ALL_FROM && parents.length > 0 && (
        <div className="flex justify-end gap-1 px-2 pt-1">
          <Button size="sm" look="quiet" icon={ChevronsUpDown} onClick={() => setFolded(new Set())}>
            {m.unfoldAll}
          </Button>
          <Button size="sm" look="quiet" icon={ChevronsDownUp} onClick={() => setFolded(new Set(parents))}>
            {m.foldAll}
          </Button>
        </div>
      )}
      <div ref={tree} role="tree" aria-label={label} onKeyDown={onKeyDown} className="flex min-w-0 flex-col px-3 py-2">
        {shown.map((item) => {
          const tabIndex = item.path === current?.path ? 0 : -1;
          return (
            <div
              key={item.path}
              role="treeitem"
              data-path={item.path}
              aria-level={item.level}
              aria-posinset={item.place}
              aria-setsize={item.siblings}
              aria-expanded={item.hasChildren ? !item.isFolded : undefined}
              tabIndex={tabIndex}
              onFocus={(event) => event.target === event.currentTarget && setActive(item.path)}
              className="group/node flex min-w-0 rounded-md focus-visible:-outline-offset-2"
            >
              <Branches lines={item.lines} />
              <FoldSign item={item} onFold={() => fold(item.path, !item.isFolded)} />
              <div className="min-w-0 flex-1 py-1">{render(item.node, { tabIndex })}</div>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The arrow before a node. The keyboard has the arrows; a screen reader has aria-expanded. */
function FoldSign<Node>({ item, onFold }: { readonly item: Shown<Node>; readonly onFold: () => void }): ReactNode {
  if (!item.hasChildren) return <span className="w-5 shrink-0" />;
  const Icon = item.isFolded ? ChevronRight : ChevronDown;
  return (
    <span
      aria-hidden
      onClick={onFold}
      className="flex w-5 shrink-0 cursor-pointer justify-center pt-1.5 text-faint hover:text-ink"
    >
      <Icon size={14} />
    </span>
  );
}

/** The lines that lead to a node. Deep trees get narrower steps, so that they stay on the screen. */
function Branches({ lines }: { readonly lines: readonly boolean[] }): ReactNode {
  const step = lines.length <= 6 ? 20 : Math.max(5, 120 / lines.length);
  return lines.map((goesOn, level) => {
    const isLast = level === lines.length - 1;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: its level is all that a line is
      <span key={level} aria-hidden className="relative shrink-0" style={{ width: step }}>
        <span
          className={clsx(
            'absolute left-1/2 border-l border-line-strong/50',
            goesOn ? 'inset-y-0' : isLast ? 'top-0 h-4' : 'hidden',
          )}
        />
        {isLast && <span className="absolute top-4 left-1/2 w-1/2 border-t border-line-strong/50" />}
      </span>
    );
  });
}

interface Tree<Node> extends Pick<TreeViewProps<Node>, 'roots' | 'childrenOf' | 'keyOf'> {
  readonly folded: ReadonlySet<string>;
}

/** The nodes that can be seen, from top to bottom. */
function flattened<Node>({ roots, childrenOf, keyOf, folded }: Tree<Node>): Shown<Node>[] {
  const shown: Shown<Node>[] = [];
  const walk = (nodes: readonly Node[], above: Pick<Shown<Node>, 'path' | 'lines'> | undefined): void => {
    const names = new Map<string, number>();
    nodes.forEach((node, index) => {
      const key = keyOf(node, index);
      // Two of one name: the second is another node.
      const again = names.get(key) ?? 0;
      names.set(key, again + 1);
      const path = `${above === undefined ? '' : `${above.path}/`}${key}${again === 0 ? '' : `#${again}`}`;
      const children = childrenOf(node);
      const isFolded = folded.has(path);
      const lines = above === undefined ? [] : [...above.lines, index < nodes.length - 1];
      shown.push({
        node,
        path,
        parent: above?.path,
        level: lines.length + 1,
        place: index + 1,
        siblings: nodes.length,
        isFolded,
        hasChildren: children.length > 0,
        lines,
      });
      if (!isFolded) walk(children, { path, lines });
    });
  };
  walk(roots, undefined);
  return shown;
}
