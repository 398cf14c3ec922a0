import type { Output } from '@guichet/contract';
import type { Canvas } from '../output/canvas.ts';
import { clean } from '../output/clean.ts';
import { drawBody } from '../output/draw.ts';
import { drawTable } from '../output/table.ts';
import { fit, widthOf, wrap } from '../output/width.ts';

/** What stands above the answer. */
export interface Heading {
  /** The command, and where: `guichet postgres activity --instance pg1 · production`. */
  readonly what: string;
  /** When, and how often: `10:42:07 · every 2s`. */
  readonly when: string;
  /** Why there is no newer answer. */
  readonly trouble?: string | undefined;
}

export interface View {
  readonly heading: Heading;
  readonly output: Output;
  readonly canvas: Canvas;
  /** Lines of the screen. */
  readonly height: number;
  /** Rows above the first that is shown. */
  readonly offset: number;
  /** The last line: keys, or the filter while it is typed. */
  readonly footer: string;
  /** Widths that columns have had: a column that grows narrower with each answer makes all others move. */
  readonly least: Map<string, number>;
}

export interface Frame {
  readonly lines: readonly string[];
  /** Rows above the first that is shown: no more than there are. */
  readonly offset: number;
  /** Rows that are shown: so far a page goes. */
  readonly page: number;
}

/** The lines of a screen: the heading, as much of the answer as fits, and its notes, which are worth more than its last rows. */
export function drawFrame(view: View): Frame {
  const { output, canvas, height, footer } = view;
  const { trouble } = view.heading;
  // The line that is left for air has room for what went wrong; on a small screen it stands in the heading.
  const air = trouble === undefined ? '' : canvas.paint.red(fit(clean(trouble), canvas.width));
  const above = height >= ROOMY ? [headingLine(view.heading, canvas), air] : [headingWithTrouble(view.heading, canvas)];
  if (output.title !== undefined) above.push(canvas.paint.bold(fit(clean(output.title), canvas.width)));
  const notes = noteLines(output, canvas, Math.max(1, Math.floor(height / 3)));
  const room = Math.max(2, height - above.length - notes.length - 1);
  const { lines, offset, page } = bodyLines(view, room);
  const drawn = [...above, ...lines, ...notes];
  const gap = Array.from({ length: Math.max(0, height - drawn.length - 1) }, () => '');
  return { lines: [...drawn, ...gap, footer].slice(0, height), offset, page };
}

/** A screen of so many lines has one for air. */
const ROOMY = 12;

function headingLine({ what, when }: Heading, { paint, width }: Canvas): string {
  const time = fit(when, width);
  const room = width - widthOf(time) - 3;
  return room < 10 ? paint.bold(time) : `${paint.bold(fit(what, room))} ${paint.dim(`· ${time}`)}`;
}

function headingWithTrouble(heading: Heading, canvas: Canvas): string {
  if (heading.trouble === undefined) return headingLine(heading, canvas);
  const { paint, width } = canvas;
  const trouble = fit(clean(heading.trouble), Math.max(10, width - widthOf(heading.when) - 3));
  return `${paint.dim(`${heading.when} ·`)} ${paint.red(trouble)}`;
}

function noteLines(output: Output, { paint, width }: Canvas, most: number): string[] {
  const lines = (output.notes ?? []).flatMap((note) => wrap(clean(note), { width, indent: 2 }).split('\n'));
  const shown = lines.length > most ? [...lines.slice(0, most - 1), '…'] : lines;
  return shown.map((line) => paint.dim(line));
}

/** A table keeps its titles above the rows that are shown; of all else the lines are shown that fit. */
function bodyLines({ output, canvas, offset, least }: View, room: number): Frame {
  if (output.kind === 'table' && output.rows.length > 0) {
    const { from, count, tail } = window(output.rows.length, offset, room - 1);
    const table = { ...output, rows: output.rows.slice(from, from + count) };
    return {
      lines: [...drawTable(table, canvas, { least }).split('\n'), ...tail.map(canvas.paint.dim)],
      offset: from,
      page: count,
    };
  }
  const all = drawBody(output, canvas).split('\n');
  const { from, count, tail } = window(all.length, offset, room);
  return { lines: [...all.slice(from, from + count), ...tail.map(canvas.paint.dim)], offset: from, page: count };
}

/** Which of so many are shown, and the line that says how many are not. */
function window(total: number, offset: number, room: number): { from: number; count: number; tail: string[] } {
  if (total <= room) return { from: 0, count: total, tail: [] };
  const count = Math.max(1, room - 1);
  const from = Math.min(offset, total - count);
  const more = total - count;
  const tail = from === 0 ? `… ${more} more ${more === 1 ? 'row' : 'rows'}` : `… rows ${from + 1} to ${from + count} of ${total}`;
  return { from, count, tail: [tail] };
}
