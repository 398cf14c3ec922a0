import type { TableOutput } from '@guichet/contract';
import type { OwnSession } from '../login.ts';

type Cell = TableOutput['rows'][number][string];

export interface Fetched {
  readonly columns: readonly { readonly name: string; readonly type: 'number' | 'boolean' | 'code' }[];
  readonly rows: readonly (readonly Cell[])[];
  /** There would have been more of them. */
  readonly more: boolean;
  /** Cells of which only the start is there. */
  readonly cut: number;
}

/** A longer cell is cut by the server itself, so that a huge one never travels. In characters. */
export const LONGEST_CELL = 2000;
/** No answer of more characters: the gateway takes 8 MB. */
const LARGEST_ANSWER = 2_000_000;
const BATCH = 200;

/** Types of the server by their oids. */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700]);
const BOOLEAN = 16;

/** Reads the first rows of a query through a cursor. Cells are as psql shows them, numbers and booleans as what they are. */
export async function fetchRows(session: OwnSession, { text, limit }: { text: string; limit: number }): Promise<Fetched> {
  // Asking for no row runs nothing of the query, and tells its columns.
  await session.rows(`declare guichet_columns no scroll cursor for ${text}`);
  const { fields } = await session.rows('fetch 0 from guichet_columns');
  await session.query('close guichet_columns');
  const names = fields.map((_, index) => `c${index}`);
  const cells = names.map(
    (name) => `case when ${name} is null then null else left(format('%s', ${name}), ${LONGEST_CELL + 1}) end`,
  );
  const from = names.length === 0 ? `(${text}\n) q` : `(${text}\n) q(${names.join(', ')})`;
  await session.rows(`declare guichet_rows no scroll cursor for select ${cells.join(', ')} from ${from}`);
  const columns = fields.map(({ name, dataTypeID }) => ({ name, type: typeOf(dataTypeID) }));
  const rows: Cell[][] = [];
  let room = LARGEST_ANSWER;
  let cut = 0;
  for (;;) {
    const batch = await session.rows(`fetch forward ${Math.min(BATCH, limit + 1 - rows.length)} from guichet_rows`);
    for (const row of batch.rows) {
      const read = row.map((value, index) => {
        const text = value === null ? null : String(value);
        room -= text?.length ?? 1;
        if (text !== null && Array.from(text).length > LONGEST_CELL) cut += 1;
        return cellOf(text, columns[index]?.type);
      });
      if (rows.length === limit || room < 0) return { columns, rows, more: true, cut };
      rows.push(read);
    }
    if (batch.rows.length < BATCH) return { columns, rows, more: false, cut };
  }
}

/** Rows of `SHOW` and `EXPLAIN`, of which there are few. */
export async function fetchAnswer(session: OwnSession, text: string): Promise<Fetched> {
  const { fields, rows } = await session.rows(text);
  const columns = fields.map(({ name }) => ({ name, type: 'code' as const }));
  const cells = rows.map((row) =>
    row.map((value) => (value === null ? null : typeof value === 'object' ? JSON.stringify(value) : String(value))),
  );
  return { columns, rows: cells, more: false, cut: 0 };
}

function typeOf(oid: number): Fetched['columns'][number]['type'] {
  if (oid === BOOLEAN) return 'boolean';
  return NUMBERS.has(oid) ? 'number' : 'code';
}

function cellOf(text: string | null, type: Fetched['columns'][number]['type'] | undefined): Cell {
  if (text === null) return null;
  if (type === 'boolean') return text === 't' || text === 'true';
  if (type === 'number' && isExact(text)) return Number(text);
  const characters = Array.from(text);
  return characters.length > LONGEST_CELL ? `${characters.slice(0, LONGEST_CELL).join('')}…` : text;
}

/** A number that comes back as it was written: `1.50` and what has more digits than a double stay as they are. */
function isExact(text: string): boolean {
  return String(Number(text)) === text && Number.isFinite(Number(text));
}
