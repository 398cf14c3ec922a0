import { PermanentFailure, RetryableFailure } from '@guichet/sdk';
import pg from 'pg';

/**
 * Why the server ended a statement of maintenance, in words that may be kept: its own are shown where they can only be about
 * names, never where they may quote a row. Gives back what is no answer of the server.
 */
export function serverFailure(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return error;
  const { code, message } = error;
  const permanent = (words: string, remedy: string) => new PermanentFailure(words, { remedy, cause: error });
  switch (code) {
    case '40P01':
      return new RetryableFailure('It was in a deadlock with somebody else, and the server ended it.', { cause: error });
    case '53100':
      return permanent('The disk of the server is full.', 'Make room first.');
    case '57014':
      return new RetryableFailure('Somebody on the server has cancelled it.', { cause: error });
  }
  // Syntax and rights, what the server cannot do, and what rests on what was to go.
  if (/^(?:42|0A|2B)/.test(code))
    return permanent(`The server refuses it: ${message}.`, 'File the request again: its plan says what is so by now.');
  return permanent(
    `The server has ended it with error ${code}; its words are not shown, for they may quote a row.`,
    'Look at the log of the server.',
  );
}
