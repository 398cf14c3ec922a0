import { createHmac, hash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/** What a secret is stored as. All of ours have 256 random bits, so that a plain hash cannot be guessed back. */
export const hashOf = (secret: string): Buffer => hash('sha256', secret, 'buffer');

/** 256 random bits behind a prefix that says what they are, so that one that has leaked is recognised. */
export const newSecret = (prefix: string): string => prefix + randomBytes(32).toString('base64url');

/** A secret for another purpose, made of this one: it tells nothing about it. */
export const derived = (secret: string, purpose: string): string =>
  createHmac('sha256', secret).update(purpose).digest('base64url');

/** Compares in a time that does not tell how much of it is right. */
export function isSame(given: string, right: string): boolean {
  return timingSafeEqual(hashOf(given), hashOf(right));
}

/** Consonants: nothing that looks like another letter or a digit, and no words by accident (RFC 8628, 6.1). */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';

/** Eight letters, as in `WDJB-MJHT`: 25 billion, of which a handful is valid at a time, behind a throttle. */
export function newUserCode(): string {
  const letters = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

/** The code that somebody has typed, as it was shown; undefined when it cannot be one. */
export function asUserCode(typed: string): string | undefined {
  const letters = typed.toUpperCase().replace(/[\s-]/g, '');
  if (letters.length !== 8 || [...letters].some((letter) => !LETTERS.includes(letter))) return undefined;
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}
