import { hash } from 'node:crypto';
import { canonicalJson } from './canonical.ts';

/** `sha256:` and the hex SHA-256 of the canonical JSON (RFC 8785, UTF-8) of the value. */
export function digestOf(value: unknown): string {
  return `sha256:${hash('sha256', canonicalJson(value), 'hex')}`;
}
