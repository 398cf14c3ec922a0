import type { Unit } from './chart-units.ts';

export interface ChartSeries {
  readonly label: string;
  /** ISO 8601 times with values; null where there is none. */
  readonly points: readonly (readonly [at: string, value: number | null])[];
}

export interface ChartProps {
  /** What it shows: its name for those who cannot see it. */
  readonly label: string;
  readonly unit: Unit;
  readonly series: readonly ChartSeries[];
  /** In px. */
  readonly height?: number;
}
