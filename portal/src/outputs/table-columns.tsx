import type { TableOutput } from '@guichet/contract';
import type { Messages } from '../messages/en/index.ts';
import type { Language } from '../messages/language.ts';
import type { Column } from '../ui/data-table.tsx';
import { Cell, type CellType, cellText, isNumeric } from './cell.tsx';

export type Row = TableOutput['rows'][number];
export type OutputColumn = TableOutput['columns'][number];

interface Spoken {
  readonly language: Language;
  readonly messages: Messages;
}

const NARROWEST = 64;
const WIDEST = 380;
const LEAST_GROWING = 200;
/** Room around the text of a cell, and for the sign of the order in a head. */
const PADDING = 18;
/** So many rows tell how wide a column has to be. */
const SAMPLE = 100;

/** The columns of an output as those of a DataTable, as wide as what stands in them. */
export function columnsFor(
  { columns, rows }: Pick<TableOutput, 'columns' | 'rows'>,
  { spoken, isWide }: { readonly spoken: Spoken; readonly isWide: boolean },
): Column<Row>[] {
  const shown = columns.filter(({ wide }) => isWide || !wide);
  const widths = shown.map((column) => widthFor(column, rows, spoken));
  const longest = widths.indexOf(Math.max(...widths));
  return shown.map((column, index): Column<Row> => {
    // The column with the longest texts takes what is left, and is the first to give way.
    const grow = index === longest && !isNumeric(column.type);
    const width = (widths[index] ?? NARROWEST) + (index === 0 ? 12 : 0); // the first one stands off the edge
    return { ...columnOf(column), width: grow ? Math.min(width, LEAST_GROWING) : width, grow };
  });
}

export function columnOf({ key, title, type }: OutputColumn): Column<Row> {
  return {
    key,
    title,
    // Whoever reads data on a phone wants all of it: the table scrolls.
    priority: 1,
    numeric: isNumeric(type),
    descending: isNumeric(type) || type === 'timestamp',
    sort: (row) => sortable(row[key], type),
    cell: (row) => <Cell value={row[key]} type={type} />,
  };
}

/** Ids of 64 bits are texts, for JSON would round them; they are numbers all the same. */
function sortable(value: Row[string] | undefined, type: CellType): Row[string] | undefined {
  return isNumeric(type) && typeof value === 'string' && value !== '' && !Number.isNaN(Number(value)) ? Number(value) : value;
}

function widthFor({ key, title, type }: OutputColumn, rows: readonly Row[], spoken: Spoken): number {
  const perLetter = type === 'code' ? 7.3 : isNumeric(type) ? 8 : 7;
  const longest = rows.slice(0, SAMPLE).reduce((most, row) => {
    const length = type === 'timestamp' ? 12 : cellText(row[key], type, spoken).length;
    return Math.max(most, length);
  }, 0);
  const badge = type === 'state' ? 16 : 0;
  const head = title.length * 7.5 + PADDING + 24;
  return Math.round(Math.min(WIDEST, Math.max(NARROWEST, head, longest * perLetter + PADDING + badge)));
}
