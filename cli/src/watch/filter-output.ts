import type { Output, TreeNode } from '@guichet/contract';

/** What of the output has the text in it, in any case: rows, nodes with all below them, lines. */
export function filterOutput(output: Output, text: string): Output {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return output;
  const has = (value: unknown): boolean => value !== null && value !== undefined && String(value).toLowerCase().includes(wanted);
  const empty = `Nothing here has '${text.trim()}' in it.`;
  switch (output.kind) {
    case 'table':
      return { ...output, empty, rows: output.rows.filter((row) => Object.values(row).some(has)) };
    case 'tree':
      return { ...output, empty, roots: nodesWith(output.roots, (node) => has(node.label) || has(node.detail)) };
    case 'record':
      return { ...output, fields: output.fields.filter(({ title, value }) => has(title) || has(value)) };
    case 'timeseries':
      return { ...output, series: output.series.filter(({ label }) => has(label)) };
    case 'text':
      return { ...output, text: output.text.split('\n').filter(has).join('\n') };
    default:
      return output;
  }
}

/** The nodes that match, whole, and the way to those that match below. */
function nodesWith(nodes: readonly TreeNode[], matches: (node: TreeNode) => boolean): TreeNode[] {
  return nodes.flatMap((node) => {
    if (matches(node)) return [node];
    const children = nodesWith(node.children ?? [], matches);
    return children.length === 0 ? [] : [{ ...node, children }];
  });
}
