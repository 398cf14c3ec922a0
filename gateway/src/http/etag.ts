import { createHash } from 'node:crypto';
import type { Action } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';

/** An action in the catalogue never changes: another one takes its place. So its digest is made once. */
const DIGESTS = new WeakMap<Action, string>();

/** The tag of a list of actions. */
export function etagOf(items: readonly Action[]): string {
  const hash = createHash('sha256');
  for (const item of items) {
    const digest = DIGESTS.get(item) ?? digestOf(item);
    DIGESTS.set(item, digest);
    hash.update(digest);
  }
  return `"${hash.digest('base64url').slice(0, 32)}"`;
}

/** If-None-Match of RFC 9110: `*`, or a list in which a proxy may have made tags weak. */
export function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
