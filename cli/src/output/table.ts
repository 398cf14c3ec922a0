import type { TableOutput } from '@guichet/contract';
import type { Canvas } from './canvas.ts';
import { type Cell, formatCell, isRightAligned } from './cell.ts';
import { clean } from './clean.ts';
import { fit, padEnd, padStart, widthOf } from './width.ts';

const GAP = 2;
/** A column is not made narrower than this: less says nothing. */
const NARROWEST = 6;

type Column = TableOutput['columns'][number];

interface Shrinking {
  readonly columns: readonly Column[];
  readonly gives: (column: Column) => boolean;
}

interface TableOptions {
  /** Columns that give way last. */
  readonly keep?: readonly string[];
  /** The widths that columns have had by their keys: none is made narrower. It is kept up. */
  readonly least?: Map<string, number>;
}

/** Rows under their titles; the widest columns of text give way until it fits the canvas. */
export function drawTable(output: TableOutput, canvas: Canvas, { keep = [], least }: TableOptions = {}): string {
  const columns = output.columns.filter(({ wide }) => canvas.wide || !wide);
  if (output.rows.length === 0) return clean(output.empty ?? 'Nothing to show.');
  const titles = columns.map(({ title }) => clean(title).toUpperCase());
  const room = canvas.width - GAP * (columns.length - 1);
  const format = (tight: boolean): Cell[][] =>
    output.rows.map((row) => columns.map((column) => formatCell(row[column.key], column.type, { ...canvas, tight })));
  const measure = (rows: readonly Cell[][]): number[] =>
    titles.map((title, index) => {
      const before = least?.get(columns[index]?.key ?? '') ?? 0;
      return rows.reduce((most, row) => Math.max(most, widthOf(row[index]?.text ?? '')), Math.max(before, widthOf(title)));
    });
  let cells = format(false);
  if (!canvas.wide && total(measure(cells)) > room) cells = format(true);
  const widths = measure(cells);
  for (const [index, { key }] of columns.entries()) least?.set(key, widths[index] ?? 0);
  if (!canvas.wide) {
    shrink(widths, { columns, room, gives: (column) => givesWay(column) && !keep.includes(column.key) });
    shrink(widths, { columns, room, gives: givesWay });
  }
  const line = (row: readonly Cell[]): string =>
    columns
      .map((column, index) => drawCell(row[index], { column, width: widths[index] ?? 0, last: index === columns.length - 1 }))
      .join(' '.repeat(GAP))
      .trimEnd();
  return [line(titles.map((text) => ({ text, tint: canvas.paint.bold }))), ...cells.map(line)].join('\n');
}

function drawCell(cell: Cell | undefined, { column, width, last }: { column: Column; width: number; last: boolean }): string {
  if (cell === undefined) return ' '.repeat(width);
  const text = fit(cell.text, width);
  const shown = cell.tint === undefined ? text : cell.tint(text);
  if (isRightAligned(column.type)) return padStart(shown, width);
  return last ? shown : padEnd(shown, width);
}

/** Takes columns away from the widest text until all fit, or until nothing can give way. */
function shrink(widths: number[], { columns, room, gives }: Shrinking & { readonly room: number }): void {
  let excess = total(widths) - room;
  while (excess > 0) {
    const widest = widestOf(widths, { columns, gives });
    if (widest === undefined) return;
    const width = widths[widest] ?? 0;
    const next = Math.max(
      NARROWEST,
      ...widths.filter(
        (other, index) => index !== widest && other < width && columns.some((column, at) => at === index && gives(column)),
      ),
    );
    const cut = Math.min(excess, Math.max(1, width - next));
    widths[widest] = width - cut;
    excess -= cut;
  }
}

const total = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width, 0);

function widestOf(widths: readonly number[], { columns, gives }: Shrinking): number | undefined {
  let widest: number | undefined;
  columns.forEach((column, index) => {
    const width = widths[index] ?? 0;
    if (width > NARROWEST && gives(column) && width > (widest === undefined ? 0 : (widths[widest] ?? 0))) widest = index;
  });
  return widest;
}

/** Numbers are never cut: half of one is a wrong one. */
function givesWay({ type }: Column): boolean {
  return type === 'text' || type === 'code' || type === 'state';
}
