import { z } from 'zod';

/**
 * What an action gives back. The kind says how consumers draw it; the data stays plain JSON for programs.
 * Dates are ISO 8601 strings in UTC; durations are seconds; sizes are bytes.
 */
export const ColumnType = z.enum(['text', 'code', 'number', 'boolean', 'timestamp', 'duration', 'bytes', 'state']);

const Cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const Column = z.object({
  key: z.string(),
  title: z.string(),
  type: ColumnType.default('text'),
  wide: z.boolean().default(false).describe('Left out where room is scarce, shown with -o wide or -o json'),
});

const common = {
  title: z.string().optional(),
  notes: z.array(z.string()).optional().describe('Sentences worth reading beside the data'),
  confidential: z
    .boolean()
    .optional()
    .describe('Of a write: shown to the person who asked for it and to nobody else, whoever may see the request'),
};

export interface TreeNode {
  label: string;
  detail?: string | undefined;
  data?: Record<string, unknown> | undefined;
  children?: TreeNode[] | undefined;
}

const TreeNode: z.ZodType<TreeNode> = z
  .object({
    label: z.string(),
    detail: z.string().optional(),
    data: z.record(z.string(), z.unknown()).optional().describe('The facts behind the label, for programs'),
    get children() {
      return z.array(TreeNode).optional();
    },
  })
  .meta({ id: 'TreeNode' });

export const TableOutput = z.object({
  kind: z.literal('table'),
  ...common,
  columns: z.array(Column),
  rows: z.array(z.record(z.string(), Cell)),
  empty: z.string().optional().describe('What to say when there is no row'),
});
export const RecordOutput = z.object({
  kind: z.literal('record'),
  ...common,
  summary: z.string().describe('The outcome in one sentence'),
  fields: z.array(z.object({ key: z.string(), title: z.string(), type: ColumnType.default('text'), value: Cell })),
});
export const TextOutput = z.object({ kind: z.literal('text'), ...common, text: z.string() });
export const TreeOutput = z.object({
  kind: z.literal('tree'),
  ...common,
  roots: z.array(TreeNode),
  empty: z.string().optional(),
});
export const TimeSeriesOutput = z.object({
  kind: z.literal('timeseries'),
  ...common,
  unit: z.string(),
  series: z.array(z.object({ label: z.string(), points: z.array(z.tuple([z.string(), z.number().nullable()])) })),
});
/** What is clicked on: `javascript:` and `file:` lead to where nobody meant to go. */
const webAddress = z.url({ protocol: /^https?$/ });

export const LinkOutput = z.object({ kind: z.literal('link'), ...common, label: z.string(), url: webAddress });
export const FileOutput = z.object({
  kind: z.literal('file'),
  ...common,
  name: z.string(),
  mediaType: z.string(),
  base64: z.string(),
});
export const ConnectionOutput = z.object({
  kind: z.literal('connection'),
  ...common,
  protocol: z.enum(['postgres', 'ssh', 'http', 'tcp']),
  target: z.string().describe('What it leads to, for people to read'),
  database: z.string().optional().describe('postgres: the database that clients name'),
});

export const Output = z
  .discriminatedUnion('kind', [
    TableOutput,
    RecordOutput,
    TextOutput,
    TreeOutput,
    TimeSeriesOutput,
    LinkOutput,
    FileOutput,
    ConnectionOutput,
  ])
  .meta({ id: 'Output' });
export type Output = z.infer<typeof Output>;
/** An output as an author writes it: fields with defaults may be left out. */
export type OutputInput = z.input<typeof Output>;
export type TableOutput = z.infer<typeof TableOutput>;
export type RecordOutput = z.infer<typeof RecordOutput>;
export type TreeOutput = z.infer<typeof TreeOutput>;
export type ConnectionOutput = z.infer<typeof ConnectionOutput>;
export const OUTPUT_KINDS = ['table', 'record', 'text', 'tree', 'timeseries', 'link', 'file', 'connection'] as const;
export type OutputKind = (typeof OUTPUT_KINDS)[number];

/** An output in one sentence, for the timeline and the audit log; the whole of it stays elsewhere. */
export function inBrief(output: Output): string {
  switch (output.kind) {
    case 'record':
      return output.summary;
    case 'table':
      return output.title ?? `a table of ${output.rows.length} rows`;
    case 'tree':
      return `a tree of ${output.roots.length} roots`;
    case 'text':
      return output.title ?? linesOf(output.text);
    default:
      return output.title ?? `a ${output.kind}`;
  }
}

function linesOf(text: string): string {
  const count = text.trimEnd().split('\n').length;
  return count === 1 ? 'a line of text' : `a text of ${count} lines`;
}
