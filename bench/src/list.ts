import { SCALE } from './scale/scaled-server.ts';
import { benchPages } from './scale/timed-pages.ts';
import type { Result } from './statistics.ts';

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();

/** The list of requests by each of its filters, common and rare, and by some together. */
export function benchList(): Promise<Result[]> {
  return benchPages({
    name: 'list of requests',
    path: '/v1/requests',
    deep: String(Math.floor(SCALE.requests / 2)),
    boundMs: 50,
    asked: [
      { name: 'all', query: {} },
      { name: 'as an approver', query: {}, as: 'approver' },
      { name: 'succeeded', query: { state: 'succeeded' } },
      { name: 'failed', query: { state: 'failed' } },
      { name: 'void', query: { state: 'void' } },
      { name: 'unknown', query: { state: 'unknown' } },
      { name: 'awaiting approval', query: { state: 'awaiting_approval' } },
      { name: 'what goes on', query: { state: 'awaiting_approval,queued,running,unknown' } },
      { name: 'what ended badly', query: { state: 'failed,void,unknown' } },
      { name: 'about what a busy team owns', query: { team: 'team-0' } },
      { name: 'about what a team owns', query: { team: 'platform' } },
      { name: 'about what a team owns, void', query: { team: 'platform', state: 'void' } },
      {
        name: 'about what a team owns, going on',
        query: { team: 'platform', state: 'awaiting_approval,queued,running,unknown' },
      },
      { name: 'about a resource', query: { resource: 'postgres.thing:postgres-0' } },
      { name: 'about a resource that is not there', query: { resource: 'postgres.thing:none' } },
      { name: 'of members of a team', query: { requester: 'team:crew' } },
      { name: 'of members of a team, void', query: { requester: 'team:crew', state: 'void' } },
      { name: 'of members of a team, about what another owns', query: { requester: 'team:crew', team: 'team-0' } },
      { name: 'mine', query: { requester: 'me' } },
      { name: 'of a busy person', query: { requester: 'user:person-1' } },
      { name: 'of somebody rare', query: { requester: 'user:person-599' } },
      { name: 'to approve', query: { toApprove: 'true' }, as: 'approver' },
      { name: 'to review', query: { toReview: 'true' }, as: 'approver' },
      { name: 'of a common action', query: { action: 'postgres.restart' } },
      { name: 'of a rare action', query: { action: 'noop.purge' } },
      { name: 'of a provider', query: { action: 'kafka.*' } },
      { name: 'in production', query: { environment: 'production' } },
      { name: 'in development', query: { environment: 'development' } },
      { name: 'of this week', query: { since: daysAgo(7) } },
      { name: 'before half a year', query: { until: daysAgo(180) } },
      { name: 'of a day', query: { since: daysAgo(200), until: daysAgo(199) } },
      {
        name: 'rare action that failed in development',
        query: { action: 'noop.purge', state: 'failed', environment: 'development' },
      },
      { name: 'void ones of somebody rare', query: { requester: 'user:person-599', state: 'void' } },
      { name: 'unknown ones of mine', query: { requester: 'me', state: 'unknown' } },
      { name: 'what no environment has', query: { environment: 'nowhere' } },
      { name: 'production, this week, failed', query: { environment: 'production', since: daysAgo(7), state: 'failed' } },
    ],
  });
}
