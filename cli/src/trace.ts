import type { Context } from './context.ts';

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** By the environment of the command, which each has of its own. */
const made = new WeakMap<Context['env'], string>();

/**
 * The trace that all calls of a command belong to: the one that the variable TRACEPARENT names, as CI systems set it, or
 * a new one. W3C's form is so simple that no library is loaded for it.
 */
export function traceOf({ env }: Pick<Context, 'env'>): string {
  const given = env['TRACEPARENT'] ?? '';
  if (TRACEPARENT.test(given)) return given;
  const known = made.get(env) ?? `00-${hex(32)}-${hex(16)}-01`;
  made.set(env, known);
  return known;
}

/** Random enough to tell traces apart, and nobody has to be kept from guessing them: loading a generator takes milliseconds. */
function hex(length: number): string {
  const digits = Array.from({ length: length - 1 }, () => Math.floor(Math.random() * 16).toString(16));
  return `1${digits.join('')}`; // never all zeros, which W3C forbids
}
