import { describe, expect, test } from 'vitest';
import { parseCompany } from '../src/catalog/index.ts';
import { Policy, PolicySet, type Vocabulary } from '../src/policy/index.ts';

const VOCABULARY: Vocabulary = {
  environments: ['staging'],
  actions: [{ id: 'lab.change', kind: 'write', risk: 'safe', input: {} }],
  known: () => true,
};
const company = parseCompany('people: []\nteams: []', 'company.yaml');

const rule = (condition: string): string =>
  `@id("it")\npermit (principal, action == Action::"lab.change", resource)\nwhen { ${condition} };`;
const parse = (text: string) => PolicySet.parse([{ path: 'a.cedar', text }], VOCABULARY);
const errors = (text: string): string[] =>
  parse(text)
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ line, message }) => `${line}: ${message}`);

function decide(set: PolicySet): string {
  const policy = new Policy({ company: () => company, set });
  const principal = { id: 'user:a', kind: 'user', person: 'user:a', teams: [], onCall: [], manager: null, scope: {} } as const;
  const action = { id: 'lab.change', kind: 'write', risk: 'safe' } as const;
  const resource = { type: 'lab.thing', id: 'alpha', owner: 'data' };
  return policy.decide({ operation: 'action.submit', principal, action, resource, environment: 'staging' }).effect;
}

/** Each of them, much longer, ends Cedar's stack, and with it every later decision of the process. */
const SHAPES: readonly (readonly [string, (count: number) => string])[] = [
  ['brackets in brackets', (count) => `${'('.repeat(count)}true${')'.repeat(count)}`],
  ['negations of negations', (count) => `${'(!'.repeat(count)}true${')'.repeat(count)}`],
  ['sets of sets', (count) => `${'['.repeat(count)}1${']'.repeat(count)} == [1]`],
  ['a long and', (count) => `${'context.risk == "safe" && '.repeat(count)}true`],
  ['a long sum', (count) => `${'1 + '.repeat(count)}1 == 7`],
  ['choices of choices', (count) => `${'if true then '.repeat(count)}true${' else true'.repeat(count)}`],
  ['attributes of attributes', (count) => `context${'.a'.repeat(count)} == 1`],
  ['the same, in brackets', (count) => `context${'["a"]'.repeat(count)} == 1`],
];

describe.each(SHAPES)('%s', (_name, shape) => {
  test.each([401, 5000, 50_000])('%d times: refused before Cedar sees it, and decisions go on', (count) => {
    expect(errors(rule(shape(count)))).toEqual([expect.stringMatching(/^[123]: (?:Brackets stand|The rule (?:has|is|looks))/)]);
    const { set } = parse(rule('true'));
    expect(set && decide(set)).toBe('permit');
  });
});

test.each([
  ['32 levels of brackets', `${'('.repeat(30)}true${')'.repeat(30)}`],
  ['100 operators', `${'context.risk == "safe" && '.repeat(100)}true`],
  ['100 choices', `${'if true then '.repeat(100)}true${' else true'.repeat(100)}`],
  ['both', `${'(true && '.repeat(30)}${'true || '.repeat(70)}true${')'.repeat(30)}`],
])('%s are decided', (_what, condition) => {
  const { set, findings } = parse(rule(condition));
  expect(findings).toEqual([]);
  expect(set && decide(set)).toBe('permit');
});

test('brackets and operators in texts and comments weigh nothing', () => {
  expect(errors(rule(`context.environment != "${'((&&'.repeat(200)}" // ${'((&&'.repeat(200)}\n`).replace('!=', 'like'))).toEqual(
    [],
  );
});

test('more than a thousand rules are counted, and not parsed', () => {
  const text = 'permit (principal, action, resource);'.repeat(20_000);
  expect(errors(text)).toEqual(['1: These are 20000 rules; a set holds 1000']);
});
