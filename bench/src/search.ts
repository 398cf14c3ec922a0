import { benchPages } from './scale/timed-pages.ts';
import type { Result } from './statistics.ts';

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();

/** The search of the audit log by each filter, common and rare, by words, and by some together. */
export function benchSearch(): Promise<Result[]> {
  return benchPages({
    name: 'search of the audit log',
    path: '/v1/audit',
    deep: `${daysAgo(180).slice(0, 19)}.000000Z_5000000`,
    boundMs: 200,
    asked: [
      { name: 'all', query: {} },
      { name: 'busy actor', query: { actor: 'user:person-1' } },
      { name: 'rare actor', query: { actor: 'user:person-599' } },
      { name: 'common action', query: { action: 'postgres.restart' } },
      { name: 'rare action', query: { action: 'noop.purge' } },
      { name: 'provider', query: { action: 'kafka.*' } },
      { name: 'common resource', query: { resource: 'postgres.thing:postgres-0' } },
      { name: 'rare resource', query: { resource: 'dns.thing:dns-3999' } },
      { name: 'production', query: { environment: 'production' } },
      { name: 'approvals', query: { type: 'request.approved' } },
      { name: 'refusals', query: { type: 'access.denied' } },
      { name: 'failed', query: { outcome: 'failed' } },
      { name: 'a week half a year ago', query: { since: daysAgo(187), until: daysAgo(180) } },
      { name: 'refusals of a week', query: { since: daysAgo(187), until: daysAgo(180), outcome: 'denied' } },
      { name: 'a common word', query: { search: 'orders' } },
      { name: 'three common words', query: { search: 'orders slow migration' } },
      { name: 'a ticket', query: { search: 'INC-123456' } },
      { name: 'a word of ten in all', query: { search: 'quokka' } },
      { name: 'a word of a thousand', query: { search: 'wombat' } },
      { name: 'a word of ten thousand', query: { search: 'dingo' } },
      { name: 'a word that never stood there', query: { search: 'platypus' } },
      { name: 'the beginning of a word', query: { search: 'quok*' } },
      { name: 'the beginning of many tickets', query: { search: 'inc 1234*' } },
      { name: 'a common word of a rare actor', query: { search: 'orders', actor: 'user:person-599' } },
      { name: 'common things that never meet', query: { action: 'postgres.restart', search: 'kafka' } },
      {
        name: 'busy actor, action, environment',
        query: { actor: 'user:person-1', action: 'postgres.restart', environment: 'staging' },
      },
      {
        name: 'refusals of a busy actor in production',
        query: { actor: 'user:person-1', outcome: 'denied', environment: 'production' },
      },
      { name: 'rare word since a month', query: { search: 'wombat', since: daysAgo(30) } },
    ],
  });
}
