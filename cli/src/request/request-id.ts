import { canonicalRequestId, GuichetError } from '@guichet/contract';

/** The id in the form of the wire, from `REQ-12`, `req-12` or `12`. */
export function readRequestId(text: string | undefined): string {
  const id = canonicalRequestId(text ?? '');
  if (id !== undefined) return id;
  throw new GuichetError(
    'usage.invalid',
    text === undefined ? 'Missing: the request.' : `'${text}' is not the id of a request.`,
    {
      remedy: 'Write it like REQ-12, or just 12. guichet requests list shows them.',
    },
  );
}
