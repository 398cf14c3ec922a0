import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PolicySet } from '../src/policy/index.ts';
import { vocabularyOf } from './support/policies.ts';

const text = { type: 'string' };
const write = { kind: 'write', risk: 'destructive' } as const;
const vocabulary = vocabularyOf({
  actions: [
    { ...write, id: 'postgres.terminate-session', input: {} },
    { ...write, id: 'orders.hold', input: { type: 'object', properties: { order: text } } },
  ],
});

test.each(['../../docs/guide/policy.md', '../../docs/spec/policy.md'])('the rules shown in %s are valid', (page) => {
  const shown = readFileSync(new URL(page, import.meta.url), 'utf8');
  const rules = [...shown.matchAll(/```cedar\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  expect(rules.length).toBeGreaterThan(0);
  expect(PolicySet.parse([{ path: page, text: rules.join('\n') }], vocabulary).findings).toEqual([]);
});
