import { plural } from '../plural.ts';

export const requests = {
  title: 'Requests',
  states: {
    awaiting_approval: 'Awaiting approval',
    queued: 'Queued',
    running: 'Running',
    succeeded: 'Succeeded',
    failed: 'Failed',
    cancelled: 'Cancelled',
    rejected: 'Rejected',
    withdrawn: 'Withdrawn',
    expired: 'Expired',
    void: 'Void',
    unknown: 'Unknown',
  },
  risks: { safe: 'safe', reversible: 'reversible', destructive: 'destructive' },
  views: { toApprove: 'To approve', mine: 'Mine', all: 'All' },
  viewsLabel: 'Views of requests',
  empty: {
    toApprove: 'Nothing waits for you',
    toApproveText: 'When somebody asks for what your approval lifts, it appears here.',
    all: 'No request fits',
  },
  count: (count: number): string => plural('en', count, { one: '# request', other: '# requests' }),
};
