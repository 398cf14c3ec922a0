import type { TreeNode, TreeOutput } from '@guichet/contract';
import type { Canvas } from './canvas.ts';
import { clean } from './clean.ts';
import { fit, widthOf } from './width.ts';

/** A tree in the manner of `tree`: each node under its parent, its detail beside it. */
export function drawTree(output: TreeOutput, canvas: Canvas): string {
  if (output.roots.length === 0) return clean(output.empty ?? 'Nothing to show.');
  const lines: string[] = [];
  for (const root of output.roots) drawNode(root, { canvas, lines, lead: '', branch: '' });
  return lines.join('\n');
}

interface Place {
  readonly canvas: Canvas;
  readonly lines: string[];
  /** What stands before the lines of its children. */
  readonly lead: string;
  /** What stands before its own label. */
  readonly branch: string;
}

function drawNode(node: TreeNode, { canvas, lines, lead, branch }: Place): void {
  const { paint, width } = canvas;
  const label = fit(clean(node.label), Math.max(10, width - widthOf(branch)));
  const room = width - widthOf(branch) - widthOf(label) - 2;
  const detail = node.detail === undefined || room < 4 ? '' : `  ${paint.dim(fit(clean(node.detail), room))}`;
  lines.push(`${paint.dim(branch)}${branch === '' ? paint.bold(label) : label}${detail}`);
  const children = node.children ?? [];
  children.forEach((child, index) => {
    const last = index === children.length - 1;
    drawNode(child, { canvas, lines, branch: `${lead}${last ? '└── ' : '├── '}`, lead: `${lead}${last ? '    ' : '│   '}` });
  });
}
