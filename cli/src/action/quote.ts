import { quote as plainQuote } from '@guichet/contract/command-line';
import { clean } from '../output/clean.ts';

/** A value as it is typed in a POSIX shell, without what a terminal would obey. */
export const quote = (value: unknown): string => plainQuote(clean(typeof value === 'string' ? value : JSON.stringify(value)));
