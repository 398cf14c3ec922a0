import { z } from 'zod';
import { ActionId, RequestId, Slug } from './ids.ts';
import { Actor } from './principal.ts';

const at = z.iso.datetime();

export const MissedPolicy = z.enum(['skip', 'once']);
export type MissedPolicy = z.infer<typeof MissedPolicy>;

/** A request that is filed again and again, each time as its owner, with a decision of its own. */
export const Schedule = z
  .object({
    name: Slug,
    owner: Actor,
    cron: z.string().describe('Minute, hour, day of the month, month, day of the week'),
    timezone: z.string(),
    action: ActionId,
    environment: Slug,
    input: z.record(z.string(), z.unknown()),
    reason: z.string(),
    missed: MissedPolicy.describe(
      'Of times at which no gateway ran: skip them, or make up for them once. They are told either way',
    ),
    state: z.enum(['active', 'paused', 'deleted']),
    pausedReason: z.string().nullable(),
    createdAt: at,
    nextAt: at.nullable().describe('When it is due next; null when it is paused'),
  })
  .meta({ id: 'Schedule' });
export type Schedule = z.infer<typeof Schedule>;

/** What became of a time at which a schedule was due. */
export const Firing = z
  .object({
    at: at.describe('When it was due; of several that were missed, the last'),
    outcome: z
      .enum(['filing', 'filed', 'denied', 'missed', 'overlapped', 'failed'])
      .describe('overlapped: the request of the time before had not ended'),
    count: z.int().describe('How many times this stands for'),
    since: at.nullable().describe('Of several that were missed, the first'),
    request: RequestId.nullable(),
    message: z.string().nullable(),
  })
  .meta({ id: 'Firing' });
export type Firing = z.infer<typeof Firing>;

export const ScheduleShown = Schedule.extend({
  upcoming: z.array(at).describe('The next times; empty when it is paused'),
  firings: z.array(Firing).describe('The last ones, newest first'),
  allowed: z.array(z.enum(['pause', 'resume', 'delete'])).describe('What the caller may do with it now'),
}).meta({ id: 'ScheduleShown' });
export type ScheduleShown = z.infer<typeof ScheduleShown>;
