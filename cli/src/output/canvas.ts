import type { Paint } from './paint.ts';

/** What is drawn on. */
export interface Canvas {
  /** Columns; Infinity when it goes into a pipe, where nothing is cut. */
  readonly width: number;
  /** Every column, uncut. */
  readonly wide: boolean;
  readonly paint: Paint;
  readonly now: Date;
}
