import { GuichetError } from '@guichet/contract';

const MOST_CHARACTERS = 1500;

/**
 * A place on this gateway to come back to after the sign-in: a path, and nothing that a browser could take for another
 * host (`//evil.example`, `/\evil.example`, a tab between the slashes). What comes out is what was looked at.
 */
export function localPath(text: string): string {
  const base = 'http://gateway.invalid';
  const isPath = text.length <= MOST_CHARACTERS && text.startsWith('/') && !/[\\\p{Cc}]/u.test(text);
  const url = isPath && URL.canParse(text, base) ? new URL(text, base) : undefined;
  const path = url === undefined ? '' : `${url.pathname}${url.search}${url.hash}`;
  // `/.//evil.example` is a path of ours to the parser, and would not be one any more when it is written out.
  if (url?.origin !== base || path.startsWith('//'))
    throw new GuichetError('input.invalid', '/returnTo in the query must be a path on this gateway.', {
      remedy: 'Write it like /requests/REQ-1, without a host.',
      errors: [{ field: '/returnTo', message: 'must be a path on this gateway', remedy: 'Write it like /requests/REQ-1.' }],
    });
  return path;
}
