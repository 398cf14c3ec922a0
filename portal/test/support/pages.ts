import type { Person, World } from './running.ts';

export interface KnownPage {
  /** In the title of its test. */
  readonly name: string;
  readonly path: string | ((world: World) => string);
  /** The first heading; a function where it depends on what there is. */
  readonly heading: string | RegExp | ((world: World) => string | RegExp);
  /** Nadia, a developer, when absent. */
  readonly as?: Person;
}

/** Every page of the console: each is opened, looked at in both themes and at 390 pixels, and walked through by Tab. */
export const PAGES: readonly KnownPage[] = [
  { name: 'home', path: '/', heading: /./ },
  { name: 'requests that wait for me', path: '/requests', heading: 'Requests', as: 'amine' },
  { name: 'my requests', path: '/requests?view=mine', heading: 'Requests' },
  { name: 'all requests', path: '/requests?view=all', heading: 'Requests' },
  { name: 'a request that waits for me', path: ({ waiting }) => `/requests/${waiting}`, heading: /Refund/, as: 'amine' },
  { name: 'a request of mine that waits', path: ({ waiting }) => `/requests/${waiting}`, heading: /Refund/ },
  { name: 'a request that is done', path: ({ done }) => `/requests/${done}`, heading: /Refund/ },
  { name: 'actions', path: '/actions', heading: 'Actions' },
  { name: 'an action that reads', path: '/actions/orders.list?environment=production', heading: 'List orders' },
  { name: 'an action that writes', path: '/actions/orders.refund?environment=production', heading: 'Refund an order' },
  { name: 'an action with a long form', path: '/actions/postgres.create-read-replica', heading: /replica/i },
  { name: 'PostgreSQL', path: '/postgres', heading: 'PostgreSQL' },
  ...[
    ['an instance', ''],
    ['its activity', '/activity'],
    ['who blocks whom', '/blocking'],
    ['slow queries', '/slow-queries'],
    ['a plan', '/explain'],
    ['health', '/health'],
    ['databases', '/databases'],
    ['tables', '/tables'],
    ['roles', '/roles'],
    ['settings', '/settings'],
    ['leases', '/leases'],
    ['replicas', '/replicas'],
  ].map(([name, tab]) => ({ name: `PostgreSQL: ${name}`, path: `/postgres/production/pg1${tab}`, heading: /pg1/ })),
  { name: 'policy', path: '/policy', heading: /polic|rules/i },
  { name: 'a decision explained', path: '/policy/explain', heading: /polic|explain/i },
  { name: 'a case tried', path: '/policy/try', heading: /polic|try/i },
  { name: 'a replay', path: '/policy/replay', heading: /polic|replay/i },
  { name: 'access', path: '/access', heading: /access/i },
  { name: 'environments', path: '/environments', heading: 'Environments' },
  { name: 'an environment', path: '/environments/production', heading: 'Production' },
  { name: 'services', path: '/services', heading: 'Services' },
  { name: 'a service', path: '/services/orders', heading: 'Orders' },
  { name: 'teams', path: '/teams', heading: 'Teams' },
  { name: 'a team', path: '/teams/payments', heading: 'Payments' },
  { name: 'people', path: '/people', heading: 'People' },
  { name: 'a person', path: '/people/amine', heading: 'Amine Diallo' },
  { name: 'the audit log', path: '/audit', heading: 'Audit' },
  { name: 'an event of the audit log', path: ({ event }) => `/audit/${event}`, heading: /./ },
  { name: 'providers', path: '/providers', heading: 'Providers' },
  { name: 'a provider', path: '/providers/postgres', heading: /postgres/i, as: 'sven' },
  { name: 'the files of the company', path: '/company', heading: 'The company' },
  { name: 'schedules', path: '/schedules', heading: 'Schedules' },
  { name: 'a new schedule', path: '/new-schedule?action=orders.reindex&environment=staging', heading: 'New schedule' },
  { name: 'a page that is not there', path: '/no/such/page', heading: 'There is no such page' },
];
