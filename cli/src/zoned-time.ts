import { GuichetError } from '@guichet/contract';
import { parseDuration } from './duration.ts';

const LOCAL = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?$/;
const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;
const DAY_MS = 86_400_000;

export interface StartTime {
  readonly at: Date;
  /** What is worth saying about it. */
  readonly note?: string;
}

/** The moment that somebody typed: `2026-12-01T06:00` in a time zone, one with an offset of its own, or `2h` from now. */
export function parseStart(flag: string, text: string, { zone, now }: { zone: string; now: Date }): StartTime {
  const seconds = parseDuration(text);
  if (seconds !== undefined) return { at: new Date(now.getTime() + seconds * 1000) };
  if (WITH_OFFSET.test(text) && !Number.isNaN(Date.parse(text))) return { at: new Date(text) };
  const local = localTime(text);
  if (local === undefined)
    throw new GuichetError('usage.invalid', `${flag} must be a time, not '${text}'.`, {
      remedy: 'Write it like 2026-12-01T06:00, 2026-12-01T06:00+01:00, or 2h for two hours from now.',
    });
  const [first, second] = momentsOf(local, zone);
  if (first === undefined) {
    const gap = Math.abs(offsetAt(local + DAY_MS, zone) - offsetAt(local - DAY_MS, zone));
    throw new GuichetError('usage.invalid', `There is no ${text} in ${zone}: the clocks are put forward over it.`, {
      remedy: `Did you mean ${new Date(local + gap).toISOString().slice(0, 16)}?`,
    });
  }
  if (second === undefined) return { at: first };
  return {
    at: first,
    note: `${text} comes twice in ${zone}, where the clocks are put back: the first is meant. The second is ${second.toISOString()}.`,
  };
}

/** The zone that a flag names, else that of this machine. */
export function readZone(flag: string, name: string | undefined): string {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (name === undefined) return own;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    const near = Intl.supportedValuesOf('timeZone').find((zone) => zone.toLowerCase().includes(name.toLowerCase()));
    throw new GuichetError('usage.invalid', `${flag}: there is no time zone '${name}'.`, {
      remedy: near === undefined ? 'Write it like Europe/Paris.' : `Did you mean ${near}?`,
    });
  }
}

/** The reading of the clock as if it were UTC, in ms; undefined for what no calendar has. */
function localTime(text: string): number | undefined {
  const parts = LOCAL.exec(text)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (parts === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  const time = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const same =
    time.getUTCMonth() === month - 1 &&
    time.getUTCDate() === day &&
    time.getUTCHours() === hour &&
    time.getUTCMinutes() === minute;
  return same ? time.getTime() : undefined;
}

/** The moments at which the clocks of the zone show it: one, none where they are put forward, two where they are put back. */
function momentsOf(local: number, zone: string): Date[] {
  const offsets = new Set([offsetAt(local - DAY_MS, zone), offsetAt(local + DAY_MS, zone)]);
  return [...offsets]
    .map((offset) => local - offset)
    .filter((moment) => moment + offsetAt(moment, zone) === local)
    .sort((a, b) => a - b)
    .map((moment) => new Date(moment));
}

/** How far the clocks of the zone are ahead of UTC at a moment, in ms. */
function offsetAt(moment: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const parts = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1000) * 1000;
}
