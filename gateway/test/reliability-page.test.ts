import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const HOME = new URL('../../', import.meta.url);

test('docs/spec/reliability.md names tests and invariants that exist', () => {
  const page = readFileSync(new URL('docs/spec/reliability.md', HOME), 'utf8');
  const files = [...page.matchAll(/`([a-z-]+(?:\/[a-z-]+)*\.test\.ts)`/g)].map(([, file = '']) => file);
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((file) => !existsSync(new URL(file, HOME)))).toEqual([]);
  const invariants = readFileSync(new URL('docs/spec/request-life.md', HOME), 'utf8');
  for (const [name] of page.matchAll(/INV-\d+/g)) expect(invariants).toContain(`**${name}**`);
});
