import { setTimeout as sleep } from 'node:timers/promises';
import { action } from '@guichet/sdk';
import { z } from 'zod';

const PARTS = 20;

/** What became of each run, as long as the process lives; what must not be forgotten is kept on disk, as the refunds are. */
type Rebuild = 'running' | 'done' | { readonly stoppedAfter: number };

const done = (environment: string) => ({
  kind: 'record' as const,
  summary: `The search index of ${environment} is new`,
  fields: [{ key: 'parts', title: 'Parts', type: 'number' as const, value: PARTS }],
});

/** A write that takes a while, listens to a cancel, and knows how far it came until it is killed: to watch, to stop, to lose. */
export function reindexAction(team: string) {
  const rebuilds = new Map<string, Rebuild>();
  return action('reindex', {
    title: 'Rebuild the search index',
    description: 'Builds the index anew, part by part. Searches find the old one until it is there.',
    kind: 'write',
    risk: 'reversible',
    timeoutSeconds: 600,
    input: z.strictObject({
      seconds: z.int().min(1).max(300).default(60).describe('How long it may take; slower is gentler'),
    }),
    output: 'record',
    examples: [{ title: 'Rebuild it within a minute', input: { seconds: 60 } }],
    plan: ({ input, environment }) => ({
      summary: `Rebuild the search index of ${environment} in ${input.seconds} s`,
      effects: ['Searches find the old index until the new one is there.'],
      resource: { type: 'orders.index', id: 'search', service: 'orders', owner: team },
      seen: {},
    }),
    run: async ({ input, environment, runId, log, progress, signal }) => {
      rebuilds.set(runId, 'running');
      for (let part = 0; part < PARTS; part++) {
        await sleep((input.seconds * 1000) / PARTS, undefined, { signal }).catch((reason: unknown) => {
          rebuilds.set(runId, { stoppedAfter: part });
          throw reason;
        });
        progress({ done: part + 1, total: PARTS, message: 'building' });
      }
      rebuilds.set(runId, 'done');
      log('The new index is in place.');
      return done(environment);
    },
    observe: ({ runId, environment }) => {
      const rebuild = rebuilds.get(runId);
      // It is forgotten with the process: not to have heard of it is no proof that it never began.
      if (rebuild === undefined) return { status: 'unknown' };
      if (rebuild === 'running') return { status: 'running' };
      if (rebuild === 'done') return { status: 'succeeded', output: done(environment) };
      const message = `It was stopped after ${rebuild.stoppedAfter} of ${PARTS} parts; the old index is still in place.`;
      return { status: 'failed', failure: { kind: 'cancelled', message } };
    },
  });
}
