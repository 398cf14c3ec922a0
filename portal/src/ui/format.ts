import type { Language } from '../messages/language.ts';

const STEPS = [
  [60, 'second'],
  [60, 'minute'],
  [24, 'hour'],
  [30, 'day'],
  [12, 'month'],
  [Number.POSITIVE_INFINITY, 'year'],
] as const;

/** `now`, `3 min. ago`, `in 2 hr.`, rounded, in the reader's language. `at` is ISO 8601, `now` milliseconds. */
export function relativeTime(at: string, now: number, language: Language): string {
  let amount = (Date.parse(at) - now) / 1000;
  if (Math.abs(amount) < 0.5) return present(language).format(0, 'second');
  for (const [size, unit] of STEPS) {
    const rounded = Math.round(amount);
    if (Math.abs(rounded) < size) return relative(language).format(rounded, unit);
    amount /= size;
  }
  return exactTime(at, language);
}

/** The whole time with its zone: `21 Nov 2026, 22:04:31 CET`. */
export function exactTime(at: string, language: Language): string {
  return exact(language).format(new Date(at));
}

/** A day without a time: `2 May 2023`. `date` is `2023-05-02`. */
export function day(date: string, language: Language): string {
  return days(language).format(new Date(`${date}T00:00:00Z`));
}

/** A time on the clocks of a zone: `Mon, 23 Nov 2026, 03:00 CET`. */
export function zonedTime(at: string, zone: string, language: Language): string {
  return new Intl.DateTimeFormat(DATES[language], {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: zone,
    timeZoneName: 'short',
  }).format(new Date(at));
}

/** Seconds as people write them: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`; `12 ms` below one. */
export function duration(seconds: number): string {
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** A size in steps of a thousand: `1.2 GB`. */
export function bytes(size: number, language: Language): string {
  let step = 0;
  let amount = Math.abs(size);
  while (amount >= 999.5 && step < UNITS.length - 1) {
    amount /= 1000;
    step += 1;
  }
  const rounded = amount >= 100 || step === 0 ? Math.round(amount) : Math.round(amount * 10) / 10;
  return `${size < 0 ? '-' : ''}${number(rounded, language)} ${UNITS[step]}`;
}

export function number(value: number, language: Language): string {
  return numbers(language).format(value);
}

/** Made once for each language: making one costs more than using it. */
function once<Made>(make: (language: Language) => Made): (language: Language) => Made {
  const made = new Map<Language, Made>();
  return (language) => {
    const known = made.get(language) ?? make(language);
    made.set(language, known);
    return known;
  };
}

const relative = once((language) => new Intl.RelativeTimeFormat(language, { style: 'short' }));
const present = once((language) => new Intl.RelativeTimeFormat(language, { numeric: 'auto' }));
/** Day before month and 24 hours in English too: who is on call in another country reads the same time. */
const DATES: Readonly<Record<Language, string>> = { en: 'en-GB', fr: 'fr' };
const exact = once((language) => new Intl.DateTimeFormat(DATES[language], { dateStyle: 'medium', timeStyle: 'long' }));
const days = once((language) => new Intl.DateTimeFormat(DATES[language], { dateStyle: 'long', timeZone: 'UTC' }));
const numbers = once((language) => new Intl.NumberFormat(language, { maximumFractionDigits: 3 }));
