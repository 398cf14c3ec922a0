import { describe, expect, test } from 'vitest';
import { parseCompany } from '../src/catalog/index.ts';
import { type CaseWorld, parseCases } from '../src/policy-tools/index.ts';

const WORLD: CaseWorld = {
  company: parseCompany(
    `people:
  - { name: nadia, fullName: Nadia Benali }
  - { name: amine, fullName: Amine Diallo }
teams:
  - { name: payments, members: [amine] }
machines:
  - { name: ci-orders, team: payments }`,
    'company.yaml',
  ),
  environments: ['production', 'staging'],
  actions: [{ id: 'lab.destroy', kind: 'write', risk: 'destructive', team: 'payments' }],
};

const parse = (text: string) => parseCases({ path: 'tests.yaml', text }, WORLD);

/** `LINE:COLUMN message remedy` of each finding. */
function findings(text: string): string[] {
  const parsed = parse(text);
  expect(parsed.file).toBeUndefined();
  return parsed.findings.map(({ line, column, message, remedy = '' }) => `${line}:${column} ${message} ${remedy}`.trim());
}

/** One case with a good beginning, from line 4 on as given. */
const oneCase = (...lines: string[]): string =>
  ['cases:', '  - name: it holds', '    who: nadia', ...lines.map((line) => `    ${line}`)].join('\n');

test('a case gets what it does not say: a bare name is a person, the owner is the team of the action', () => {
  const { file } = parse(oneCase('action: lab.destroy', 'environment: staging', 'expect: needs'));
  expect(file?.cases).toEqual([
    expect.objectContaining({
      who: 'user:nadia',
      path: 'tests.yaml',
      line: 2,
      resource: { type: 'thing', id: 'any', owner: 'payments' },
      expected: { effect: 'needs' },
    }),
  ]);
});

test('a file can bring its own company, environments and actions', () => {
  const { file, findings: none } = parse(`company:
  people: [{ name: lena, fullName: Lena }]
  teams: [{ name: data, members: [lena] }]
environments: [moon]
actions:
  shop.refund: { kind: write, risk: reversible }
cases:
  - { name: it holds, who: lena, action: shop.refund, environment: moon, resource: { owner: data }, expect: permit }`);
  expect(none).toEqual([]);
  expect(file?.cases[0]).toMatchObject({ who: 'user:lena', action: { kind: 'write', risk: 'reversible' } });
});

describe('a bad file is refused with its line, its column and what to do', () => {
  test.each<[string, string, string]>([
    ['no YAML', 'cases:\n  - [', '2:6 This is not valid YAML: '],
    ['a name that stands twice', 'cases: []\ncases: []', "2:1 The name 'cases' stands twice."],
    ['nothing', '# later', "1:1 The file is empty: it begins with 'cases:'."],
    [
      'a call that is made nowhere',
      oneCase('action: lab.destroy', 'expect: deny'),
      "2:5 'environment' is required. What is called is called somewhere: environment: production.",
    ],
    [
      'approvers that are no group',
      oneCase('action: lab.destroy', 'environment: staging', 'expect: needs', 'gates: [{ approvers: payments }]'),
      "7:15 'approvers' must be team:NAME, on-call:NAME or user:NAME.",
    ],
    ['no cases', 'cases: []', "1:1 'cases' must not be empty."],
    [
      'a field that is not known',
      oneCase('expekt: permit', 'expect: permit', 'action: lab.destroy'),
      "4:5 'expekt' is not known. Did you mean expect?",
    ],
    ['a field that is missing', oneCase('action: lab.destroy'), "2:5 'expect' is required"],
    [
      'a word that is none of the three',
      oneCase('action: lab.destroy', 'expect: allow'),
      "5:5 'expect' must be permit, deny or needs.",
    ],
    [
      'somebody unknown',
      oneCase('action: lab.destroy', 'approvals: [amine, amina]', 'expect: permit'),
      "5:24 This entry of 'approvals' names somebody, 'user:amina'",
    ],
    ['a team that is not there', oneCase('action: lab.destroy', 'teams: [paiments]', 'expect: permit'), 'Did you mean payments?'],
    [
      'an owner that is not there',
      oneCase('action: lab.destroy', 'resource:', '  owner: nobody', 'expect: permit'),
      "6:7 'owner' names a team 'nobody' that is not there.",
    ],
    [
      'an environment that is not there',
      oneCase('action: lab.destroy', 'environment: prod', 'expect: permit'),
      "5:5 'environment' is 'prod', which is no environment. Known: production, staging.",
    ],
    [
      'an action of no catalogue',
      oneCase('action: lab.destory', 'expect: permit'),
      "4:5 'action' is 'lab.destory', which is in no catalogue. Did you mean lab.destroy?",
    ],
    [
      'a gate for a team that is not there',
      oneCase('action: lab.destroy', 'expect: needs', 'gates:', '  - approvers: team:nobody'),
      "7:9 'approvers' names team 'nobody', who is not in the company.",
    ],
    [
      'gates of a permit',
      oneCase('action: lab.destroy', 'expect: permit', 'gates: [{ approvers: team:payments }]'),
      "6:5 'gates' belong to 'expect: needs'.",
    ],
    ['nothing that is asked', oneCase('expect: permit'), "Give it an 'action', or an 'operation'."],
    [
      'a request that nobody filed',
      oneCase('action: lab.destroy', 'operation: request.approve', 'expect: permit'),
      "5:5 'operation' is about a request. Say who filed it: 'requester'.",
    ],
    [
      'a company that contradicts itself',
      'company:\n  teams:\n    - { name: data, members: [lena] }\ncases: [{ name: a, who: nadia, expect: deny, operation: audit.see }]',
      "3:31 This entry of 'members' names a person 'lena' that is not there.",
    ],
  ])('%s', (_what, text, expected) => {
    expect(findings(text).join('\n')).toContain(expected);
  });

  test('and with all that is wrong at once', () => {
    expect(findings(oneCase('action: lab.destory', 'environment: prod', 'expect: permit'))).toHaveLength(2);
  });

  test.each<[string, string, string]>([
    ['brackets in brackets', '['.repeat(200_000), '1:1 More than 100 brackets are open at once, in line 1.'],
    ['very long', `cases: [] # ${'x'.repeat(600_000)}`, '1:1 The file is longer than 512 Ki characters; split it.'],
    [
      'thousands of names',
      Array.from({ length: 5000 }, (_, at) => `k${at}: 1`).join('\n'),
      '1:1 More than 1000 names stand beside each other.',
    ],
  ])('one of %s is refused at once', (_what, text, expected) => {
    expect(findings(text)).toEqual([expected]);
  });

  test('one whose aliases would grow without end is refused too', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...'bcdefgh'.split('').map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[at]}`).join(', ')}]`),
    ];
    expect(findings(bomb.join('\n')).join()).toContain('This YAML cannot be taken');
  });
});
