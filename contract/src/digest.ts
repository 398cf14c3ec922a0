import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical.ts';

/** `sha256:` and the hex SHA-256 of the canonical JSON (RFC 8785, UTF-8) of the value. */
export function digestOf(value: unknown): string {
  return `sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`;
}
