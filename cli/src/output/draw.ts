import { formatBytes, type Output, type RecordOutput } from '@guichet/contract';
import type { Canvas } from './canvas.ts';
import { formatCell } from './cell.ts';
import { clean, cleanLines } from './clean.ts';
import { drawTable } from './table.ts';
import { drawTimeSeries } from './timeseries.ts';
import { drawTree } from './tree.ts';
import { padEnd, widthOf } from './width.ts';

/** An output as people read it, without a line break at its end. */
export function drawOutput(output: Output, canvas: Canvas): string {
  const parts = [drawBody(output, canvas)];
  if (output.title !== undefined) parts.unshift(canvas.paint.bold(clean(output.title)));
  for (const note of output.notes ?? []) parts.push(canvas.paint.dim(clean(note)));
  return parts.join('\n');
}

/** The output without its title and its notes. */
export function drawBody(output: Output, canvas: Canvas): string {
  switch (output.kind) {
    case 'table':
      return drawTable(output, canvas);
    case 'record':
      return drawRecord(output, canvas);
    case 'tree':
      return drawTree(output, canvas);
    case 'timeseries':
      return drawTimeSeries(output, canvas);
    case 'text':
      return cleanLines(output.text).replace(/\n$/, '');
    case 'link':
      return `${clean(output.label)}: ${canvas.paint.underline(clean(output.url))}`;
    case 'file': {
      const size = formatBytes(Buffer.byteLength(output.base64, 'base64'));
      return `${clean(output.name)} (${clean(output.mediaType)}, ${size}). Save it with --output-file PATH.`;
    }
    case 'connection':
      return `${output.protocol}: ${clean(output.target)}`;
    default:
      // A kind that a newer gateway knows: its data is better than nothing.
      return JSON.stringify(output, null, 2);
  }
}

function drawRecord(output: RecordOutput, canvas: Canvas): string {
  const titles = output.fields.map(({ title }) => clean(title));
  const width = Math.max(0, ...titles.map(widthOf));
  const lines = output.fields.map(({ value, type }, index) => {
    const { text, tint } = formatCell(value, type, canvas);
    return `  ${canvas.paint.dim(padEnd(titles[index] ?? '', width))}  ${tint === undefined ? text : tint(text)}`;
  });
  return [clean(output.summary), ...lines].join('\n');
}
