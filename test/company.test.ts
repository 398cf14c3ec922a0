import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEvent, CompanyInForce, Environment, Person, Problem, Request, Service, Team } from '@guichet/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMPANY, startGateway, type TestGateway } from './support/gateway.ts';

/** Files are looked at every two seconds; others may use the machine. */
const PATIENCE = { timeout: 15_000, interval: 100 };
const FINDER = `apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: finder, description: Finds things, links: [{ title: Runbook, url: https://wiki.example.com/finder }] }
spec: { owner: group:default/checkout, lifecycle: production, dependsOn: [component:orders] }
`;
const PLACES = `teams:
  - { name: search }
services:
  - name: index
    title: The index
    team: search
    environments:
      - name: staging
        links:
          - { title: Argo CD, url: https://argo.example.com/index, kind: deployment }
          - { title: Wiki, url: https://wiki.example.com/index }
  - { name: archive, team: payments, environments: [{ name: staging }] }
environments:
  - name: staging
    title: Staging
    description: As production, with data that nobody misses
    owner: search
    created: 2024-03-11
    configure:
      - title: Configure kubectl
        command: aws eks update-kubeconfig --name staging
    links: [{ title: Dashboard, url: https://grafana.example.com/staging }]
`;

let folder: string;
let gateway: TestGateway;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-company-'));
  await copyFile(COMPANY, join(folder, 'company.yaml'));
  await writeFile(join(folder, 'catalog-info.yaml'), FINDER);
  await writeFile(join(folder, 'places.yaml'), PLACES);
  gateway = await startGateway({ config: { company: folder } });
});
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true });
});

const get = async <Body>(path: string): Promise<Body> => {
  const { status, body } = await gateway.call<Body>('nadia', 'GET', path);
  expect(status).toBe(200);
  return body;
};
const names = async (path: string): Promise<string[]> =>
  (await get<{ items: { name: string }[] }>(path)).items.map(({ name }) => name);

test('people, teams and services are there for people to see, whatever kind of file named them', async () => {
  expect(await names('/v1/people')).toEqual(['amine', 'marta', 'nadia', 'paula', 'sven']);
  expect(await get<Person>('/v1/people/nadia')).toEqual({
    name: 'nadia',
    fullName: 'Nadia Benali',
    email: 'nadia@example.com',
    teams: ['checkout', 'payments'],
    onCall: [],
    manages: [],
    manager: null,
    sameAs: null,
    listed: true,
  });
  expect(await get<Team>('/v1/teams/checkout')).toEqual({
    name: 'checkout',
    title: null,
    parent: null,
    members: ['nadia', 'marta'],
    managers: [],
    onCall: [],
    services: ['finder'],
    machines: ['ci-checkout'],
  });
  expect(await get<Service>('/v1/services/finder')).toEqual({
    name: 'finder',
    title: null,
    description: 'Finds things',
    team: 'checkout',
    lifecycle: 'production',
    system: null,
    dependsOn: ['orders'],
    neededBy: [],
    links: [{ title: 'Runbook', url: 'https://wiki.example.com/finder' }],
    environments: [],
  });
  expect((await get<Service>('/v1/services/orders')).neededBy).toEqual(['finder']);
});

const UNKNOWN = {
  state: 'unknown',
  reason: 'No provider tells about deployments here yet.',
  version: null,
  at: null,
  source: null,
};

test('an environment is shown with whose it is, how to reach it, and what runs there', async () => {
  expect(await names('/v1/environments')).toEqual(['production', 'staging']);
  const staging = await get<Environment>('/v1/environments/staging');
  expect(staging).toEqual({
    name: 'staging',
    title: 'Staging',
    description: 'As production, with data that nobody misses',
    owner: 'search',
    created: '2024-03-11',
    services: 2,
    configure: [{ title: 'Configure kubectl', command: 'aws eks update-kubeconfig --name staging' }],
    links: [{ title: 'Dashboard', url: 'https://grafana.example.com/staging' }],
    applications: [
      { service: 'archive', title: null, team: 'payments', links: [], deployment: UNKNOWN },
      {
        service: 'index',
        title: 'The index',
        team: 'search',
        links: [
          { title: 'Argo CD', url: 'https://argo.example.com/index', kind: 'deployment' },
          { title: 'Wiki', url: 'https://wiki.example.com/index', kind: 'other' },
        ],
        deployment: UNKNOWN,
      },
    ],
  });
  const of = await get<Environment>('/v1/environments/staging?team=search');
  expect({ services: of.services, names: of.applications.map(({ service }) => service) }).toEqual({
    services: 2,
    names: ['index'],
  });
  // Of the configuration alone: the files do not describe it.
  expect(await get<Environment>('/v1/environments/production')).toMatchObject({ title: null, owner: null, applications: [] });
  expect((await get<Service>('/v1/services/index')).environments.map(({ name }) => name)).toEqual(['staging']);
});

test('lists are narrowed by a part of a name and by a team', async () => {
  expect(await names('/v1/people?search=BENALI')).toEqual(['nadia']);
  expect(await names('/v1/people?search=nadia@example')).toEqual(['nadia']);
  expect(await names('/v1/people?team=sre')).toEqual(['sven']);
  expect(await names('/v1/people?team=sre&search=nadia')).toEqual([]);
  expect(await names('/v1/teams?search=check')).toEqual(['checkout']);
  expect(await names('/v1/services?team=payments')).toEqual(['archive', 'orders']);
});

test.each([
  ['people/nadja', 'person.unknown', 'Did you mean nadia?'],
  ['people/Nadia', 'person.unknown', 'Did you mean nadia?'],
  ['people?team=chekout', 'team.unknown', 'Did you mean checkout?'],
  ['teams/chekout', 'team.unknown', 'Did you mean checkout?'],
  ['services/something-else', 'service.unknown', expect.stringContaining('finder')],
  ['environments/stagin', 'environment.unknown', 'Did you mean staging?'],
  ['environments/staging?team=chekout', 'team.unknown', 'Did you mean checkout?'],
  ['services?team=Checkout', 'team.unknown', 'Did you mean checkout?'],
])('who asks for %s hears of what is there', async (path, code, remedy) => {
  const { status, body } = await gateway.call<Problem>('nadia', 'GET', `/v1/${path}`);
  expect(status).toBe(404);
  expect(body).toMatchObject({ code, remedy });
});

test('a change of the files decides what happens next, without a restart', async () => {
  const submit = async (): Promise<Request & Problem> =>
    (await gateway.submit('nadia', { action: 'lab.destroy', reason: 'as the test asks' })).body;
  const before = await get<CompanyInForce>('/v1/company');
  expect(before).toMatchObject({ people: 5, teams: 5, services: 4, machines: 1, problem: null });
  const { id } = await submit();
  const approve = () => gateway.call<Request & Problem>('marta', 'POST', `/v1/requests/${id}/approve`, { body: {} });
  expect((await approve()).body).toMatchObject({ code: 'approval.not_approver' });

  const text = await readFile(COMPANY, 'utf8');
  const file = join(folder, 'company.yaml');
  await writeFile(file, text.replace('members: [amine, paula, nadia]', 'members: [amine, paula, nadia, marta, nobody]'));
  await expect
    .poll(() => get<CompanyInForce>('/v1/company'), PATIENCE)
    .toMatchObject({
      digest: before.digest,
      problem: {
        findings: [
          {
            path: 'company.yaml',
            line: 9,
            field: '/teams/1/members/4',
            message: "names a person 'nobody' that is not there",
            remedy: expect.any(String),
          },
        ],
      },
    });
  expect((await approve()).body).toMatchObject({ code: 'approval.not_approver' });

  await writeFile(file, text.replace('members: [amine, paula, nadia]', 'members: [amine, paula, nadia, marta]'));
  await expect.poll(() => get<CompanyInForce>('/v1/company'), PATIENCE).toMatchObject({ problem: null });
  expect((await get<CompanyInForce>('/v1/company')).digest).not.toBe(before.digest);
  expect((await approve()).status).toBe(200);
  const events = await get<{ items: AuditEvent[] }>('/v1/audit?limit=200');
  const told = events.items.filter(({ type }) => type.startsWith('company.')).map(({ type, outcome }) => [type, outcome]);
  expect(told).toEqual([
    ['company.loaded', 'ok'],
    ['company.refused', 'failed'],
  ]);
});
