/** The value below which `share` (0..1) of the numbers lie; NaN of none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

/** Milliseconds on the clock that all processes of the machine share. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** One measured figure against its bound. */
export interface Result {
  readonly name: string;
  /** The figures, as they are written down. */
  readonly figures: Readonly<Record<string, string | number>>;
  readonly bound: string;
  readonly holds: boolean;
}

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
