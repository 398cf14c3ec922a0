import { lazy, type ReactNode, Suspense } from 'react';
import type { ChartProps } from './chart-props.ts';

export type { ChartProps, ChartSeries } from './chart-props.ts';

const Plot = lazy(async () => ({ default: (await import('./chart-plot.tsx')).ChartPlot }));

/** Values over time. What draws it is loaded when the first chart is. */
export function Chart(props: ChartProps): ReactNode {
  return (
    <Suspense fallback={<div style={{ height: (props.height ?? 200) + 64 }} className="animate-pulse rounded-md bg-sunken" />}>
      <Plot {...props} />
    </Suspense>
  );
}
