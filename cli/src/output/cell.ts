import { formatBytes, formatDuration, type TableOutput } from '@guichet/contract';
import { clean } from './clean.ts';
import type { Paint } from './paint.ts';
import { formatRelative, formatTime } from './units.ts';

export type ColumnType = TableOutput['columns'][number]['type'];
type Value = string | number | boolean | null | undefined;

export interface Cell {
  readonly text: string;
  /** Colours the text after it was cut to its width. */
  readonly tint?: ((text: string) => string) | undefined;
}

/** Words of state that mean the same everywhere. */
const TINTS: Readonly<Record<string, 'green' | 'yellow' | 'red' | 'dim'>> = {
  ok: 'green',
  active: 'green',
  running: 'green',
  succeeded: 'green',
  healthy: 'green',
  available: 'green',
  ready: 'green',
  up: 'green',
  granted: 'green',
  waiting: 'yellow',
  'still running': 'yellow',
  queued: 'yellow',
  awaiting_approval: 'yellow',
  pending: 'yellow',
  warning: 'yellow',
  unknown: 'yellow',
  degraded: 'yellow',
  lagging: 'yellow',
  'idle in transaction': 'yellow',
  'idle in transaction (aborted)': 'yellow',
  failed: 'red',
  denied: 'red',
  error: 'red',
  blocked: 'red',
  unavailable: 'red',
  rejected: 'red',
  expired: 'red',
  void: 'red',
  down: 'red',
  critical: 'red',
  unreachable: 'red',
  refused: 'red',
  idle: 'dim',
  info: 'dim',
  cancelled: 'dim',
  withdrawn: 'dim',
  disabled: 'dim',
  'had finished': 'dim',
};

export interface CellStyle {
  readonly paint: Paint;
  readonly now: Date;
  /** Times as how long ago, and nothing more. */
  readonly tight?: boolean;
}

export function formatCell(value: Value, type: ColumnType, { paint, now, tight = false }: CellStyle): Cell {
  if (value === null || value === undefined) return { text: '–', tint: paint.dim };
  switch (type) {
    case 'duration':
      return { text: typeof value === 'number' ? formatDuration(value) : clean(String(value)) };
    case 'bytes':
      return { text: typeof value === 'number' ? formatBytes(value) : clean(String(value)) };
    case 'timestamp':
      return { text: formatTimestamp(String(value), { now, tight }) };
    case 'boolean':
      return { text: value === true ? 'yes' : value === false ? 'no' : clean(String(value)) };
    case 'state': {
      const text = clean(String(value));
      const tint = TINTS[text.toLowerCase()];
      return { text: text.replaceAll('_', ' '), tint: tint === undefined ? undefined : paint[tint] };
    }
    default:
      return { text: clean(String(value)) };
  }
}

export const isRightAligned = (type: ColumnType): boolean => type === 'number' || type === 'duration' || type === 'bytes';

function formatTimestamp(text: string, { now, tight }: { now: Date; tight: boolean }): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return clean(text);
  if (tight) return formatRelative(at, now);
  return `${formatTime(at, now)} (${formatRelative(at, now)})`;
}
