import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseCompany } from '../src/catalog/index.ts';
import { DEFAULT_POLICIES, loadPolicies, Policy } from '../src/policy/index.ts';
import { parseCases, runCases } from '../src/policy-tools/index.ts';

const nobody = parseCompany('people: []\nteams: []', 'company.yaml');
const { set, warnings } = loadPolicies(DEFAULT_POLICIES, {
  environments: ['production', 'staging'],
  actions: (['safe', 'reversible', 'destructive'] as const).flatMap((risk) =>
    (['read', 'write'] as const).map((kind) => ({ id: `lab.${kind}-${risk}`, kind, risk, input: {} })),
  ),
  known: () => true,
});

const text = readFileSync(join(DEFAULT_POLICIES, 'tests.yaml'), 'utf8');
const { file, findings } = parseCases({ path: 'tests.yaml', text }, { company: nobody, environments: [], actions: [] });
const results = file === undefined ? [] : await runCases([file], (company) => new Policy({ company: () => company, set }));

test('the rules that a company starts with, and their cases, are valid', () => {
  expect(warnings).toEqual([]);
  expect(findings).toEqual([]);
});

describe('the rules that a company starts with', () => {
  test.each(results.map((result) => [`${result.name} (tests.yaml:${result.line})`, result] as const))(
    '%s',
    (_name, { difference }) => {
      expect(difference).toBeNull();
    },
  );
});

test('each of them decides at least one case', () => {
  const decided = new Set(results.flatMap(({ rules }) => rules.map(({ id }) => id)));
  expect(set.rules.map(({ id }) => id).filter((id) => !decided.has(id))).toEqual([]);
});
