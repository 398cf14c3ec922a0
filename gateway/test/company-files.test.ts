import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findingInWords, readCompany, readTexts } from '../src/catalog/company/load.ts';

const OWN = `people:
  - { name: nadia, fullName: Nadia Benali, email: nadia@example.com, manager: marta }
  - { name: nadia-admin, fullName: Nadia (admin), sameAs: nadia }
  - { name: marta, fullName: Marta Nowak }
teams:
  - { name: payments, title: Payments, members: [nadia, nadia-admin], managers: [marta], onCall: [marta] }
  - { name: cards, parent: payments }
services:
  - name: orders
    team: payments
    description: Takes orders
    lifecycle: production
    dependsOn: [ledger]
    links: [{ title: Runbook, url: https://wiki.example.com/orders }]
  - { name: ledger, team: cards }
machines:
  - { name: ci-orders, team: payments }
`;
const BACKSTAGE = `apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: search }
spec: { type: team, profile: { displayName: Search }, parent: group:default/payments, members: [user:default/lena] }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: lena }
spec: { profile: { displayName: Lena Fischer, email: lena@example.com }, memberOf: [payments] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: finder
  title: Finder
  description: Finds things
  annotations: { github.com/project-slug: example/finder }
  links: [{ url: https://finder.example.com }, { url: 'slack://channel?id=finders', title: Chat }]
spec:
  type: service
  lifecycle: experimental
  system: system:default/Shop
  owner: group:search
  dependsOn: [component:orders, resource:default/index]
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: { name: Finder API of theirs, title: 5, links: 7 }
spec: { owner: nobody-we-know }
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: { name: new-service }
spec: { owner: nobody-we-know, type: service }
`;

function company(...texts: readonly { path: string; text: string }[]) {
  const read = readCompany(texts);
  if (read.company === undefined) throw new Error(read.findings.map(findingInWords).join('\n'));
  return read.company;
}
const found = (text: string): string[] =>
  readCompany([{ path: 'a.yaml', text }], { environments: ['staging', 'production'] }).findings.map(findingInWords);

describe('files that are right', () => {
  const both = company({ path: 'own.yaml', text: OWN }, { path: 'catalog-info.yaml', text: BACKSTAGE });

  test('a person is who the file says, in the teams that name them, behind all their accounts', () => {
    expect(both.member('user:nadia')).toEqual({
      id: 'user:nadia',
      kind: 'user',
      name: 'Nadia Benali',
      email: 'nadia@example.com',
      person: 'user:nadia',
      teams: ['payments'],
      onCall: [],
      manager: 'user:marta',
    });
    expect(both.member('user:nadia-admin')).toMatchObject({ person: 'user:nadia' });
    expect(both.member('user:marta')).toMatchObject({ teams: [], onCall: ['payments'] });
    expect(both.managersOf('payments')).toEqual(['user:marta']);
    expect(both.member('machine:ci-orders')).toMatchObject({ kind: 'machine', person: null, teams: ['payments'] });
  });

  test('what Backstage knows and what our files say is one company', () => {
    expect(both.team('search')).toMatchObject({ title: 'Search', parent: 'payments', members: ['lena'] });
    // Of both sides: the group names her, and she names a team of ours.
    expect(both.member('user:lena')).toMatchObject({ name: 'Lena Fischer', teams: ['payments', 'search'] });
    expect(both.service('finder')).toEqual({
      name: 'finder',
      title: 'Finder',
      description: 'Finds things',
      team: 'search',
      lifecycle: 'experimental',
      system: 'Shop',
      dependsOn: ['orders'],
      links: [{ title: 'https://finder.example.com', url: 'https://finder.example.com' }],
      environments: [],
    });
    expect(both.services.map(({ name }) => name)).toEqual(['orders', 'ledger', 'finder']);
  });

  test('the digest is that of the texts and of nothing else', () => {
    const digestOf = (text: string, path = 'own.yaml'): string | undefined => {
      const read = readCompany([{ path, text }]);
      return 'digest' in read ? read.digest : undefined;
    };
    expect(digestOf(OWN)).toBe(digestOf(OWN));
    expect(new Set([digestOf(OWN), digestOf(`${OWN}# more\n`), digestOf(OWN, 'other.yaml')]).size).toBe(3);
  });

  test('an empty file, and one without people, are companies too', () => {
    expect(company({ path: 'a.yaml', text: 'people: []\n' }).people).toEqual([]);
    expect(company({ path: 'a.yaml', text: 'teams: [{ name: payments }]\n' }).teams.size).toBe(1);
  });
});

const GROUP = (spec: string): string =>
  `apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: { name: search }\nspec: ${spec}\n`;

const COMPONENT = (spec: string): string =>
  `apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: { name: finder }\nspec: ${spec}\n`;

const ALIASES = `a: &a [x]\nb: &b [${'*a, '.repeat(60)}]\npeople: [${'*b, '.repeat(60)}]\n`;
const FEW = Array.from({ length: 13 }, (_, n) => `{ name: p${n}, fullName: P }`).join(', ');
const MANY = `people: [${FEW}]\nteams: [{ name: t, members: [somebody-else] }]\n`;

describe('files that are wrong are refused with file, line and remedy', () => {
  test.each<[string, string, string]>([
    ['no YAML', 'people: [\n', 'a.yaml:2:1'],
    ['a key twice', 'people: []\npeople: []\n', 'a.yaml:2:1'],
    ['an unknown field', 'people:\n  - { name: nadia, fullName: N, mail: x }\n', 'a.yaml:2:33 /people/0/mail'],
    ['an unknown list', 'poeple: []\n', 'a.yaml:1:1 /poeple'],
    ['a name that is none', 'teams:\n  - name: Payments\n', 'a.yaml:2:5 /teams/0/name'],
    ['a missing field', 'people:\n  - name: nadia\n', 'a.yaml:2:5 /people/0/fullName'],
    ['an address that is none', 'people: [{ name: n, fullName: N, email: nobody }]\n', 'a.yaml:1:34 /people/0/email'],
    [
      'a link to another place than the web',
      'teams: [{ name: t }]\nservices: [{ name: s, team: t, links: [{ title: x, url: "javascript:alert(1)" }] }]\n',
      'a.yaml:2:52 /services/0/links/0/url',
    ],
    [
      'a person twice',
      'people:\n  - { name: n, fullName: N }\n  - { name: n, fullName: M }\n',
      "a.yaml:3:7 /people/1/name 'n' stands twice. Name it once; it is at a.yaml:2 too.",
    ],
    [
      'a member of nobody',
      'people: [{ name: nadia, fullName: N }]\nteams:\n  - { name: t, members: [nadja] }\n',
      "a.yaml:3:26 /teams/0/members/0 names a person 'nadja' that is not there. Did you mean nadia?",
    ],
    [
      'a manager of nobody',
      'people: [{ name: nadia, fullName: N, manager: marta }]\n',
      "a.yaml:1:38 /people/0/manager names a person 'marta' that is not there. Known: nadia.",
    ],
    [
      'on call of nobody',
      'teams: [{ name: t, onCall: [sven] }]\n',
      "a.yaml:1:29 /teams/0/onCall/0 names a person 'sven' that is not there.",
    ],
    [
      'an owner of nobody',
      'services: [{ name: s, team: t }]\nteams: [{ name: u }]\n',
      "a.yaml:1:23 /services/0/team names a team 't' that is not there. Known: u.",
    ],
    [
      'a machine of nobody',
      'machines: [{ name: ci, team: t }]\n',
      "a.yaml:1:24 /machines/0/team names a team 't' that is not there.",
    ],
    [
      'a service that needs nothing that is there',
      'teams: [{ name: t }]\nservices: [{ name: s, team: t, dependsOn: [gone] }]\n',
      "a.yaml:2:44 /services/0/dependsOn/0 names a service 'gone' that is not there.",
    ],
    [
      'an environment that the configuration does not have',
      'environments: [{ name: stagin }]\n',
      "a.yaml:1:18 /environments/0/name names an environment 'stagin' that is not there. Did you mean staging?",
    ],
    [
      'an environment of nobody',
      'environments: [{ name: staging, owner: t }]\n',
      "a.yaml:1:33 /environments/0/owner names a team 't' that is not there.",
    ],
    ['a day that is none', 'environments: [{ name: staging, created: 2024-02-30 }]\n', 'a.yaml:1:33 /environments/0/created'],
    [
      'a service in an environment that is not there',
      'teams: [{ name: t }]\nservices: [{ name: s, team: t, environments: [{ name: staging }, { name: prod }] }]\n',
      "a.yaml:2:68 /services/0/environments/1/name names an environment 'prod' that is not there.",
    ],
    [
      'a service twice in an environment',
      'teams: [{ name: t }]\nservices: [{ name: s, team: t, environments: [{ name: staging }, { name: staging }] }]\n',
      "a.yaml:2:68 /services/0/environments/1/name 'staging' stands twice. Name it once.",
    ],
    [
      'a link of no kind that there is',
      'teams: [{ name: t }]\nservices: [{ name: s, team: t, environments: [{ name: staging, links: [{ title: x, url: "https://x.example", kind: log }] }] }]\n',
      '/services/0/environments/0/links/0/kind',
    ],
    [
      'managers in a circle',
      'people:\n  - { name: a, fullName: A, manager: b }\n  - { name: b, fullName: B, manager: a }\n',
      "a.yaml:2:29 /people/0/manager makes a circle: 'a' reports to themselves in the end.",
    ],
    [
      'an account of itself',
      'people: [{ name: a, fullName: A, sameAs: a }]\n',
      "a.yaml:1:34 /people/0/sameAs makes a circle: 'a' is another account of itself in the end.",
    ],
    [
      'a team in itself',
      'teams: [{ name: a, parent: b }, { name: b, parent: a }]\n',
      "a.yaml:1:20 /teams/0/parent makes a circle: 'a' is part of itself in the end.",
    ],
    [
      'a reference of another kind',
      GROUP('{ members: [component:x] }'),
      "a.yaml:4:19 /spec/members/0 must be a reference like user:default/NAME, not 'component:x'.",
    ],
    [
      'a member of nobody, in Backstage',
      GROUP('{ members: [user:default/lena] }'),
      "a.yaml:4:19 /spec/members/0 names a person 'lena' that is not there.",
    ],
    [
      'an owner of nobody, in Backstage',
      COMPONENT('{ owner: group:finders }'),
      "a.yaml:4:9 /spec/owner names a team 'finders' that is not there.",
    ],
    [
      'a service that needs nothing that is there, in Backstage',
      `${GROUP('{}')}---\n${COMPONENT('{ owner: search, dependsOn: [resource:x, component:gone] }')}`,
      "a.yaml:9:48 /spec/dependsOn/1 names a service 'gone' that is not there.",
    ],
    [
      'a group twice, in Backstage',
      `${GROUP('{}')}---\n${GROUP('{}')}`,
      "a.yaml:8:13 /metadata/name 'search' stands twice. Name it once; it is at a.yaml:1 too.",
    ],
    [
      'a name of Backstage that is none here',
      GROUP('{}').replace('name: search', 'name: Search_Team'),
      "a.yaml:3:13 /metadata/name names 'Search_Team', which is no name here. Use small letters, digits and single hyphens.",
    ],
    ['an entity without a spec', 'apiVersion: backstage.io/v1\nkind: Component\nmetadata: { name: x }\n', 'a.yaml:1:1 /spec'],
  ])('%s', (_, text, words) => {
    expect(found(text).join('\n')).toContain(words);
  });

  test.each<[string, string, string]>([
    ['no YAML', 'people: [\n', 'Mend it there'],
    ['an empty file', '# nobody\n', 'people: []'],
    ['aliases without end', ALIASES, 'Write out what aliases stand for'],
    ['nobody of that name among many', MANY, 'Put the person into one of the files, or take the name out here.'],
    ['a circle', 'teams: [{ name: a, parent: a }]\n', "Take 'parent' out of one of those in the circle."],
    ['a reference of another kind', GROUP('{ members: [component:x] }'), 'Name a user.'],
  ])('what to do is said of %s too', (_, text, remedy) => {
    const { findings } = readCompany([{ path: 'a.yaml', text }]);
    expect(findings[0]?.remedy).toContain(remedy);
  });

  test('what is wrong is told of all files, each by its name', () => {
    const read = readCompany([
      { path: 'one.yaml', text: 'people: [{ name: n }]\n' },
      { path: 'two.yaml', text: 'teams: [{ nam: t }]\n' },
    ]);
    expect(new Set(read.findings.map(({ path }) => path))).toEqual(new Set(['one.yaml', 'two.yaml']));
  });

  test('a name stands once in all files together', () => {
    const read = readCompany([
      { path: 'one.yaml', text: 'teams: [{ name: t }]\n' },
      { path: 'two.yaml', text: '# of ours\nteams: [{ name: t }]\n' },
    ]);
    expect(read.findings.map(findingInWords)).toEqual([
      "two.yaml:2:11 /teams/0/name 't' stands twice. Name it once; it is at one.yaml:1 too.",
    ]);
  });
});

describe('what is read of paths', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'guichet-company-'));
    for (const name of [
      'own.yaml',
      'orders/catalog-info.yaml',
      'orders/b.yml',
      'orders/notes.md',
      'orders/deep/c.yaml',
      'z/catalog-info.yaml',
    ]) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), `# ${name}\n`);
    }
  });
  afterAll(() => rm(folder, { recursive: true }));
  const namesOf = async (...paths: string[]): Promise<string[]> =>
    (await readTexts(paths.map((path) => join(folder, path)))).map(({ path }) => path);

  test('of a folder, the YAML files directly in it, in the order of their names', async () => {
    expect(await namesOf('orders')).toEqual(['b.yml', 'catalog-info.yaml']);
  });

  test('files are called by their path from the nearest folder that holds all of them, which tells them apart', async () => {
    expect(await namesOf('own.yaml')).toEqual(['own.yaml']);
    expect(await namesOf('own.yaml', 'orders', 'z')).toEqual([
      'own.yaml',
      'orders/b.yml',
      'orders/catalog-info.yaml',
      'z/catalog-info.yaml',
    ]);
    expect(await namesOf('orders/deep', 'orders/b.yml')).toEqual(['deep/c.yaml', 'b.yml']);
  });

  test('a folder without a YAML file, and a path of nothing, are refused', async () => {
    await mkdir(join(folder, 'empty'));
    await expect(namesOf('empty')).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('no YAML file'),
    });
    await expect(namesOf('gone')).rejects.toMatchObject({ code: 'config.invalid', remedy: expect.stringContaining("'company'") });
  });
});
