import { z } from 'zod';
import { CompanyInForce, Person, Service, Team } from './directory.ts';
import { Environment, EnvironmentSummary } from './environment.ts';

/** No slug: of a name that is written wrongly it is said which one is meant. */
const name = z.string().min(1).max(200);
const search = z.string().max(200).optional().describe('Only those whose names, or e-mail addresses, contain it');
const team = name.optional().describe('Only those of this team');
const shared = { method: 'GET', permission: 'directory.see', tag: 'directory', status: 200 } as const;

/** The routes of people, teams and services; a part of ROUTES. A company is one answer: no pages. */
export const DIRECTORY_ROUTES = {
  'company.show': {
    ...shared,
    path: '/v1/company',
    summary: 'The files that people and things are read from: since when they count, and what is wrong with them',
    response: CompanyInForce,
  },
  'people.list': {
    ...shared,
    path: '/v1/people',
    summary: 'People, by name',
    query: z.object({ search, team }),
    response: z.object({ items: z.array(Person) }),
  },
  'people.show': {
    ...shared,
    path: '/v1/people/:person',
    summary: 'One person',
    params: z.object({ person: name }),
    response: Person,
  },
  'teams.list': {
    ...shared,
    path: '/v1/teams',
    summary: 'Teams, by name',
    query: z.object({ search }),
    response: z.object({ items: z.array(Team) }),
  },
  'teams.show': {
    ...shared,
    path: '/v1/teams/:team',
    summary: 'One team: who is in it, who is on call, what it owns',
    params: z.object({ team: name }),
    response: Team,
  },
  'services.list': {
    ...shared,
    path: '/v1/services',
    summary: 'Services, by name',
    query: z.object({ search, team }),
    response: z.object({ items: z.array(Service) }),
  },
  'services.show': {
    ...shared,
    path: '/v1/services/:service',
    summary: 'One service: who owns it, what it needs and what needs it',
    params: z.object({ service: name }),
    response: Service,
  },
  'environments.list': {
    ...shared,
    path: '/v1/environments',
    summary: 'The environments, in the order of the configuration',
    response: z.object({ items: z.array(EnvironmentSummary) }),
  },
  'environments.show': {
    ...shared,
    path: '/v1/environments/:environment',
    summary: 'One environment: who owns it, how to reach it, what runs there and whether it may be deployed',
    params: z.object({ environment: name }),
    query: z.object({ team: name.optional().describe('Only applications of this team') }),
    response: Environment,
  },
} as const;
