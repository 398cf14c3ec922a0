import type { TableOutput } from '@guichet/contract';

/** As RFC 4180 wants it; texts that a spreadsheet would take for a formula have a ' before them. */
export function toCsv({ columns, rows }: Pick<TableOutput, 'columns' | 'rows'>): string {
  const lines = [columns.map(({ title }) => quoted(title)), ...rows.map((row) => columns.map(({ key }) => csvCell(row[key])))];
  return `${lines.map((line) => line.join(',')).join('\r\n')}\r\n`;
}

function csvCell(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  // Whole numbers as text (ids that JSON would round) are no formulas, with or without a sign.
  return quoted(/^[=+\-@\t\r]/.test(value) && !/^[+-]?\d+$/.test(value) ? `'${value}` : value);
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Rows as they came, with the names of their columns as programs know them. */
export const toJson = ({ rows }: Pick<TableOutput, 'rows'>): string => `${JSON.stringify(rows, undefined, 2)}\n`;

/** Hands a file to the browser. A blob: no data: address, which the policy of the page refuses. */
export function saveFile(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has the blob by now; it is let go once it has been read.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** `blocking-pg1.csv`: what a file name may not have is left out. */
export const fileName = (name: string, ending: string): string =>
  `${name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^-+|-+$/g, '') || 'guichet'}.${ending}`;
