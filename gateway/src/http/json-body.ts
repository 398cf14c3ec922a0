import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { GuichetError } from '@guichet/contract';
import type { FastifyInstance } from 'fastify';
import { pointer } from '../findings/index.ts';
import { invalidInput, refuseUnstorable } from './errors.ts';

/** Far more than any form needs, far less than what a recursive walk can bear. */
const MOST_LEVELS = 64;

/**
 * Takes JSON bodies, and only those that mean one thing everywhere: UTF-8, each name once in its object, no text that
 * the database cannot hold, no depth that would overflow a walk. What is approved is then what was sent.
 */
export function acceptJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      refuseEncoding(request.headers);
      done(null, body.length === 0 ? undefined : jsonOf(textOf(body)));
    } catch (error) {
      done(error as Error); // only GuichetErrors are thrown here
    }
  });
}

function jsonOf(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const position = error instanceof SyntaxError ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    const where = position === undefined ? '' : `, from character ${position} on`;
    throw new GuichetError('body.malformed', `The body is not valid JSON${where}.`, { remedy: 'Send one JSON object.' });
  }
  refuseAmbiguous(text);
  if (text.includes('\\u')) refuseUnstorable(value, 'body'); // only an escape can bring in what is no text
  return value;
}

function refuseEncoding({ 'content-encoding': encoding, 'content-type': type }: IncomingHttpHeaders): void {
  const charset = type === undefined ? undefined : /;\s*charset="?([^\s";]+)/i.exec(type)?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    throw new GuichetError('body.unsupported_type', `The character set${named(charset)} is not supported.`, {
      remedy: 'Send JSON encoded as UTF-8.',
    });
  if (encoding === undefined || encoding === 'identity') return;
  throw new GuichetError('body.unsupported_type', `The content encoding${named(encoding)} is not supported.`, {
    remedy: 'Send the body as it is, without content-encoding.',
  });
}

/** What is no name of anything may be a secret in the wrong place: it is not repeated. */
const named = (word: string): string => (/^[a-z][a-z0-9-]{0,15}$/i.test(word) ? ` '${word}'` : '');

function textOf(body: string | Buffer): string {
  if (typeof body === 'string') return body;
  if (isUtf8(body)) return body.toString('utf8').replace(/^\ufeff/, '');
  throw new GuichetError('body.malformed', 'The body is not valid UTF-8.', { remedy: 'Send JSON encoded as UTF-8.' });
}

interface Level {
  /** Names seen so far; undefined in a list. */
  readonly names: Set<string> | undefined;
  /** The member that is being read. */
  at: string | number;
}

/** Refuses what JSON.parse would resolve silently (a name that stands twice) or too deeply. The text is valid JSON. */
export function refuseAmbiguous(text: string): void {
  const levels: Level[] = [];
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        const end = endOfString(text, i);
        const names = levels.at(-1)?.names;
        if (names !== undefined && isName(text, end)) addName(levels, names, text.slice(i, end));
        i = end - 1;
        break;
      }
      case 0x7b: // {
        levels.push({ names: new Set(), at: '' });
        if (levels.length > MOST_LEVELS) throw tooDeep();
        break;
      case 0x5b: // [
        levels.push({ names: undefined, at: 0 });
        if (levels.length > MOST_LEVELS) throw tooDeep();
        break;
      case 0x7d: // }
      case 0x5d: // ]
        levels.pop();
        break;
      case 0x2c: {
        const level = levels.at(-1);
        if (typeof level?.at === 'number') level.at += 1;
      }
    }
  }
}

/** Index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}

function isName(text: string, end: number): boolean {
  let next = end;
  while (text.charCodeAt(next) <= 0x20) next++;
  return text.charCodeAt(next) === 0x3a;
}

function addName(levels: readonly Level[], names: Set<string>, quoted: string): void {
  const name = quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
  const above = levels.at(-2)?.at;
  const level = levels.at(-1);
  if (level !== undefined) level.at = name;
  const field = (): string => pointer(levels.map(({ at }) => at));
  if (names.size === names.add(name).size)
    throw invalidInput([{ field: field(), message: 'stands twice', remedy: 'Send it once.' }], 'body');
  // Harmless here, but not in every program that a provider may hand its input to.
  if (name === '__proto__' || (name === 'prototype' && above === 'constructor'))
    throw invalidInput([{ field: field(), message: 'is no name of a field', remedy: 'Take it out.' }], 'body');
}

function tooDeep(): GuichetError {
  const message = `is nested more than ${MOST_LEVELS} levels deep`;
  return invalidInput([{ field: '/', message, remedy: 'Send a flatter one.' }], 'body');
}
