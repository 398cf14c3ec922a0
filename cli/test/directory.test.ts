import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { type CompanyInForce, EXIT, GuichetError, type Person, type Service, type Team } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BUILTINS } from '../src/builtin/table.ts';
import { isOurs, OWN_COMMANDS } from '../src/own-commands.ts';
import { baseHandlers, makeAction } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const NADIA: Person = {
  name: 'nadia',
  fullName: 'Nadia Benali',
  email: 'nadia@example.com',
  teams: ['checkout', 'payments'],
  onCall: ['payments'],
  manages: [],
  manager: 'marta',
  sameAs: null,
  listed: true,
};
const PAYMENTS: Team = {
  name: 'payments',
  title: 'Payments',
  parent: null,
  members: ['amine', 'nadia'],
  managers: ['marta'],
  onCall: ['nadia'],
  services: ['orders'],
  machines: [],
};
const ORDERS: Service = {
  name: 'orders',
  title: null,
  description: 'Takes orders',
  team: 'payments',
  lifecycle: 'production',
  system: 'shop',
  dependsOn: ['ledger'],
  neededBy: [],
  links: [{ title: 'Runbook', url: 'https://wiki.example.com/orders' }],
  environments: [],
};
const COMPANY: CompanyInForce = {
  digest: 'sha256:of-the-files',
  since: '2026-03-02T08:00:00.000Z',
  people: 5,
  teams: 1,
  services: 2,
  machines: 0,
  problem: null,
};

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes({
    ...baseHandlers(),
    'people.list': () => ({ items: [NADIA] }),
    'people.show': () => NADIA,
    'teams.list': () => ({ items: [PAYMENTS] }),
    'teams.show': () => PAYMENTS,
    'services.list': () => ({ items: [ORDERS] }),
    'services.show': () => ORDERS,
    'company.show': () => COMPANY,
  });
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

it('lists people, teams and services', async () => {
  expect((await home.run(['people', 'list'])).stdout).toMatch(/^nadia +Nadia Benali +checkout, payments +payments +marta$/m);
  expect((await home.run(['teams', 'list'])).stdout).toMatch(/^payments +amine, nadia +nadia +marta +orders$/m);
  expect((await home.run(['services', 'list'])).stdout).toMatch(/^orders +payments +production +ledger +Takes orders$/m);
});

it('narrows lists by a word and a team, and says so when nothing is left', async () => {
  const queries: unknown[] = [];
  server.handlers['people.list'] = ({ query }) => {
    queries.push(query);
    return { items: [] };
  };
  const { stdout } = await home.run(['people', 'list', 'benali', '--team', 'team:payments']);
  expect(queries).toEqual([{ search: 'benali', team: 'payments' }]);
  expect(stdout).toBe('No people fit. Without words and --team all are shown.\n');
  server.handlers['services.list'] = () => ({ items: [] });
  expect((await home.run(['services', 'list'])).stdout).toBe("The company's files name no services.\n");
});

it('shows one person, team and service', async () => {
  const person = (await home.run(['people', 'show', 'user:nadia'])).stdout;
  expect(person).toMatch(/^Nadia Benali \(user:nadia\)\n/);
  expect(person).toMatch(/Reports to +marta/);
  expect((await home.run(['teams', 'show', 'payments'])).stdout).toMatch(/^Payments \(team 'payments'\)\n/);
  const service = (await home.run(['services', 'show', 'orders'])).stdout;
  expect(service).toMatch(/^Service 'orders'\n/);
  expect(service).toMatch(/Runbook +https:\/\/wiki\.example\.com\/orders/);
  expect(JSON.parse((await home.run(['teams', 'show', 'payments', '-o', 'json'])).stdout)).toEqual(PAYMENTS);
});

it('says of a name that is not there which one may be meant', async () => {
  server.handlers['people.show'] = () => {
    throw new GuichetError('person.unknown', "There is no person 'nadja'.", { remedy: 'Did you mean nadia?' });
  };
  const { exit, stderr } = await home.run(['people', 'show', 'nadja']);
  expect(exit).toBe(EXIT.notFound);
  expect(stderr).toContain("There is no person 'nadja'.\n  → Did you mean nadia?");
});

it('says since when the files count, and what is wrong with them', async () => {
  const good = await home.run(['company']);
  expect(good).toMatchObject({ exit: EXIT.ok, stderr: '' });
  expect(good.stdout).toMatch(/^5 people, 1 team, 2 services, 0 machines since .*\(sha256:of-the-files\)\.\n$/);
  const finding = {
    path: 'teams.yaml',
    line: 2,
    column: 33,
    field: '/teams/0/members/0',
    message: "names a person 'nadja' that is not there",
  };
  const findings = [{ ...finding, remedy: 'Did you mean nadia?' }];
  server.handlers['company.show'] = () => ({ ...COMPANY, problem: { at: '2026-03-02T09:00:00.000Z', findings } });
  const bad = await home.run(['company']);
  expect(bad.exit).toBe(EXIT.usage);
  expect(bad.stdout).toContain(
    "teams.yaml:2:33 /teams/0/members/0 names a person 'nadja' that is not there.\n  → Did you mean nadia?",
  );
});

it('completes names of people, teams and services', async () => {
  const completed = async (...words: string[]): Promise<string> => (await home.run(['__complete', ...words])).stdout;
  expect(await completed('people', 'show', '')).toContain('nadia');
  expect(await completed('teams', 'show', '')).toContain('payments');
  expect(await completed('services', 'show', '')).toContain('orders');
  expect(await completed('people', 'list', '--team', '')).toContain('payments');
});

describe('a provider with a name of ours', () => {
  const theirs = ['services.restart', 'services.list', 'company.merge'].map((id) => makeAction({ id, title: `Theirs: ${id}` }));
  beforeEach(() => {
    server.handlers['actions.list'] = () => ({ items: theirs });
    server.handlers['actions.show'] = ({ params }) => theirs.find(({ id }) => id === params.action) ?? makeAction({ id: 'a.b' });
  });

  it('is told by the words of all our commands', () => {
    expect(OWN_COMMANDS).toEqual(BUILTINS.map(({ words }) => words.join(' ')));
    expect([['services', 'list'], ['company', 'merge'], ['services', 'list-all'], ['services']].map(isOurs)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('has its actions in the help and in completion, ours first', async () => {
    await home.run(['actions', 'list']);
    const { stdout } = await home.run(['services']);
    expect(stdout).toMatch(/^ +list +List services$/m);
    expect(stdout).toMatch(/^ +restart +Theirs: services\.restart$/m);
    expect(stdout).not.toContain('Theirs: services.list');
    expect((await home.run(['__complete', 'services', ''])).stdout).toBe(
      'list\tList services\nshow\tShow one service\nrestart\tTheirs: services.restart\n',
    );
  });

  it('has those whose words are ours by their ids, and says so', async () => {
    expect((await home.run(['services', 'restart', '--help'])).stdout).toContain('Usage: guichet services restart');
    expect((await home.run(['services.list', '--help'])).stdout).toContain('Usage: guichet services.list');
    expect((await home.run(['company.merge', '--help'])).stdout).toContain('Usage: guichet company.merge');
    expect((await home.run(['actions', 'list'])).stdout).toMatch(/^services\.list /m);
    expect((await home.run(['services', 'list'])).stdout).toMatch(/^orders +payments/m);
  });
});

it('shows the commands of a group without a gateway', async () => {
  await server.close();
  expect(await home.run(['people'])).toMatchObject({ exit: EXIT.ok, stdout: expect.stringContaining('Show one person') });
});
