import type { Language } from '../messages/language.ts';
import { bytes, duration, number } from './format.ts';

/** `bytes`, `seconds`, `ms`, `%`, or any word that stands after a number. */
export type Unit = string;

/** A value with its unit, as short as the axis of a chart needs it. */
export function withUnit(value: number, unit: Unit, language: Language): string {
  switch (unit.toLowerCase()) {
    case 'bytes':
    case 'byte':
      return bytes(value, language);
    case 's':
    case 'seconds':
      return duration(value);
    case 'ms':
    case 'milliseconds':
      return value >= 1000 ? duration(value / 1000) : `${number(rounded(value), language)} ms`;
    case '%':
    case 'percent':
      return `${number(rounded(value), language)} %`;
    default: {
      const amount = new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 2 }).format(value);
      return unit === '' ? amount : `${amount} ${unit}`;
    }
  }
}

const rounded = (value: number): number => Number(value.toPrecision(3));
