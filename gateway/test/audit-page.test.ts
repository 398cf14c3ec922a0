import { readFileSync } from 'node:fs';
import { AUDIT_EVENTS } from '@guichet/contract';
import { expect, test } from 'vitest';

test('docs/spec/audit.md explains every type of the log, and no other', () => {
  const page = readFileSync(new URL('../../docs/spec/audit.md', import.meta.url), 'utf8');
  const explained = [...page.matchAll(/^\| `([a-z_]+\.[a-z_]+)` /gm)].map(([, type]) => type);
  expect(explained).toEqual([...AUDIT_EVENTS]);
});
