import 'uplot/dist/uPlot.min.css';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import { useIsDark } from '../app/appearance.ts';
import { useSpoken } from '../messages/index.tsx';
import type { ChartProps, ChartSeries } from './chart-props.ts';
import { withUnit } from './chart-units.ts';
import { DataTable } from './data-table.tsx';
import { exactTime } from './format.ts';

/** Colours that keep 3:1 on the panel of each theme, and can be told apart by those who see some colours alike. */
const COLOURS = {
  light: ['#3550d0', '#b3211a', '#0d6b3a', '#8a5a00', '#7a2fa0', '#0b6b85', '#8f3a65', '#4a4f5b'],
  dark: ['#93a8ff', '#ff9188', '#63cf92', '#e8b95c', '#d49bf0', '#6fd0e8', '#f29ac4', '#b3b7c2'],
} as const;
/** Lines differ by more than their colour. */
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

/** Draws a Chart; apart from it, so that what it needs is loaded with the first one. */
export function ChartPlot({ label, unit, series, height = 200 }: ChartProps): ReactNode {
  const { language, messages } = useSpoken();
  const m = messages.outputs;
  const isDark = useIsDark();
  const colours = COLOURS[isDark ? 'dark' : 'light'];
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState<number | null>(null);
  const data = useMemo(() => aligned(series), [series]);
  const names = series.map((one) => one.label).join('\n');

  // Made anew when what it looks like changes; values alone are put into the one that is there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: data, hidden and series are set below, names says which series there are
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const style = getComputedStyle(element);
    const ink = style.getPropertyValue('--faint');
    const line = style.getPropertyValue('--line');
    const axis = {
      stroke: ink,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1 },
      font: '11px "Inter Variable", sans-serif',
    };
    const made = new uPlot(
      {
        width: Math.max(element.clientWidth, 100),
        height,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        scales: { y: { range: (_, low, high) => [Math.min(0, low), high <= 0 ? 1 : high * 1.08] } },
        axes: [
          { ...axis, values: (_, splits) => splits.map((split) => clockOf(split, language, splits)) },
          { ...axis, size: 66, values: (_, splits) => splits.map((split) => withUnit(split, unit, language)) },
        ],
        series: [
          {},
          ...series.map((one, index) => ({
            label: one.label,
            stroke: colours[index % colours.length] ?? ink,
            width: 1.75,
            dash: [...(DASHES[Math.floor(index / colours.length) % DASHES.length] ?? [])],
            points: { show: one.points.length < 3 },
            show: !hidden.has(one.label),
          })),
        ],
        hooks: { setCursor: [(self) => setAt(self.cursor.idx ?? null)] },
      },
      data,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(element.clientWidth, 100), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [isDark, language, unit, height, names]);
  useEffect(() => plot.current?.setData(data), [data]);

  const times = data[0];
  const shownAt = at ?? times.length - 1;
  const toggle = (name: string, index: number): void => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
    plot.current?.setSeries(index + 1, { show: !next.has(name) });
  };
  if (times.length === 0) return <p className="p-4 text-sm text-faint">{m.noPoints}</p>;
  return (
    <figure className="flex min-w-0 flex-col gap-1">
      <ul className="flex flex-wrap items-center gap-x-1 gap-y-0.5">
        {series.map(({ label: name }, index) => {
          const value = data[index + 1]?.[shownAt];
          return (
            <li key={name} className="max-w-full">
              <button
                type="button"
                aria-pressed={!hidden.has(name)}
                onClick={() => toggle(name, index)}
                className="flex h-6 max-w-full items-center gap-1.5 rounded px-1.5 text-xs hover:bg-hover aria-[pressed=false]:text-faint aria-[pressed=false]:line-through"
              >
                <span
                  aria-hidden
                  className="h-0.5 w-3 shrink-0 rounded"
                  style={{ background: colours[index % colours.length] }}
                />
                <span className="truncate">{name}</span>
                <span className="shrink-0 text-soft tabular-nums">{value == null ? '–' : withUnit(value, unit, language)}</span>
              </button>
            </li>
          );
        })}
        <li className="ml-auto px-1.5 text-xs text-faint tabular-nums">
          {times[shownAt] !== undefined && exactTime(new Date(times[shownAt] * 1000).toISOString(), language)}
        </li>
      </ul>
      <div
        ref={holder}
        role="img"
        aria-label={m.chart(label)}
        aria-description={m.chartHint}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move its cursor
        tabIndex={0}
        onKeyDown={(event) => {
          const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
          const own = plot.current;
          if (by === undefined || own === undefined) return;
          event.preventDefault();
          const next = Math.max(0, Math.min(times.length - 1, shownAt + by));
          own.setCursor({ left: own.valToPos(times[next] ?? 0, 'x'), top: 0 });
        }}
        style={{ height }}
        className="min-w-0"
      />
      <details className="text-sm">
        <summary className="px-1.5 text-xs text-faint hover:text-ink">{m.asTable}</summary>
        <PointsTable label={label} unit={unit} series={series} data={data} />
      </details>
    </figure>
  );
}

function PointsTable({
  label,
  unit,
  series,
  data,
}: Omit<ChartProps, 'height'> & { readonly data: uPlot.AlignedData }): ReactNode {
  const { language, messages } = useSpoken();
  const rows = useMemo(() => Array.from(data[0], (time, index) => ({ time, index })), [data]);
  const columns = useMemo(
    () => [
      {
        key: 'time',
        title: messages.outputs.time,
        width: 220,
        sort: ({ time }: { time: number }) => time,
        cell: ({ time }: { time: number }) => exactTime(new Date(time * 1000).toISOString(), language),
      },
      ...series.map((one, place) => ({
        key: `series-${place}`,
        title: one.label,
        numeric: true,
        priority: 1 as const,
        sort: ({ index }: { index: number }) => data[place + 1]?.[index],
        cell: ({ index }: { index: number }) => {
          const value = data[place + 1]?.[index];
          return value == null ? '–' : withUnit(value, unit, language);
        },
      })),
    ],
    [series, data, unit, language, messages],
  );
  return (
    <DataTable
      caption={label}
      columns={columns}
      rows={rows}
      rowId={({ time }) => String(time)}
      empty={null}
      className="max-h-80"
    />
  );
}

/** All times of all series, in order, and for each series its values at them. */
function aligned(series: readonly ChartSeries[]): uPlot.AlignedData {
  const times = [...new Set(series.flatMap(({ points }) => points.map(([at]) => Date.parse(at) / 1000)))].sort((a, b) => a - b);
  const values = series.map(({ points }) => {
    const known = new Map(points.map(([at, value]) => [Date.parse(at) / 1000, value]));
    return times.map((time) => known.get(time) ?? null);
  });
  return [times, ...values];
}

/** A time of the axis, as exact as its steps are wide. */
function clockOf(time: number, language: 'en' | 'fr', splits: readonly number[]): string {
  const step = (splits[1] ?? time) - (splits[0] ?? time);
  const format: Intl.DateTimeFormatOptions =
    step >= 86_400
      ? { day: 'numeric', month: 'short' }
      : { hour: '2-digit', minute: '2-digit', ...(step < 60 && { second: '2-digit' }) };
  return new Intl.DateTimeFormat(language, { ...format, hourCycle: 'h23' }).format(new Date(time * 1000));
}
