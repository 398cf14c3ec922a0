import { formatBytes, formatDuration, type Output } from '@guichet/contract';
import type { Canvas } from './canvas.ts';
import { clean } from './clean.ts';
import { fit, padEnd, widthOf } from './width.ts';

const BARS = '▁▂▃▄▅▆▇█';

/** One line for each series: its label, its shape, and its latest, least and greatest value. */
export function drawTimeSeries(output: Extract<Output, { kind: 'timeseries' }>, canvas: Canvas): string {
  if (output.series.length === 0) return 'No series.';
  const labels = output.series.map(({ label }) => fit(clean(label), 30));
  const labelWidth = Math.max(...labels.map(widthOf));
  const room = Math.max(10, Math.min(60, canvas.width - labelWidth - 45));
  return output.series
    .map(({ points }, index) => {
      const values = points.map(([, value]) => value);
      const known = values.filter((value) => value !== null);
      const label = padEnd(labels[index] ?? '', labelWidth);
      if (known.length === 0) return `${label}  ${canvas.paint.dim('no data')}`;
      const show = (value: number): string => withUnit(value, output.unit);
      const range = `min ${show(Math.min(...known))}  max ${show(Math.max(...known))}`;
      const latest = canvas.paint.bold(show(known.at(-1) ?? 0));
      return `${label}  ${canvas.paint.cyan(sparkline(values, room))}  ${latest}  ${canvas.paint.dim(range)}`;
    })
    .join('\n');
}

/** At most `width` bars, each the mean of its stretch; a gap where nothing is known. */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const known = values.filter((value) => value !== null);
  const least = Math.min(...known);
  const span = Math.max(...known) - least;
  const count = Math.min(width, values.length);
  return Array.from({ length: count }, (_, bar) => {
    const stretch = values.slice(Math.floor((bar * values.length) / count), Math.floor(((bar + 1) * values.length) / count));
    const some = stretch.filter((value) => value !== null);
    if (some.length === 0) return ' ';
    const mean = some.reduce((sum, value) => sum + value, 0) / some.length;
    return BARS[span === 0 ? 0 : Math.round(((mean - least) / span) * (BARS.length - 1))];
  }).join('');
}

function withUnit(value: number, unit: string): string {
  if (unit === 's' || unit === 'seconds') return formatDuration(value);
  if (unit === 'B' || unit === 'bytes') return formatBytes(value);
  return `${Math.round(value * 100) / 100}${unit === '' ? '' : ` ${clean(unit)}`}`;
}
