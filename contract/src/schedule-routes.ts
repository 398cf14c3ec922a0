import { z } from 'zod';
import { ActionId, Slug } from './ids.ts';
import { comment, input, reason } from './route-parts.ts';
import { MissedPolicy, Schedule, ScheduleShown } from './schedule.ts';

const params = z.object({ schedule: Slug });
const change = { permission: 'schedule.change', tag: 'requests', status: 200, params, response: ScheduleShown } as const;

/** The routes of schedules; a part of ROUTES. */
export const SCHEDULE_ROUTES = {
  'schedules.list': {
    method: 'GET',
    path: '/v1/schedules',
    permission: 'schedule.see',
    tag: 'requests',
    status: 200,
    summary: 'Schedules, by name',
    response: z.object({ items: z.array(Schedule) }),
  },
  'schedules.create': {
    method: 'POST',
    path: '/v1/schedules',
    permission: 'schedule.create',
    tag: 'requests',
    status: 201,
    summary: 'File a request again and again: each time as the caller, with a decision of its own',
    body: z.strictObject({
      name: Slug,
      cron: z.string().trim().min(1).max(200).describe('Minute, hour, day of the month, month, day of the week: 0 3 * * 1-5'),
      timezone: z.string().min(1).max(100).default('UTC').describe('Such as Europe/Paris'),
      action: ActionId,
      environment: Slug,
      input,
      reason: reason.describe('Why; whoever approves reads it each time'),
      missed: MissedPolicy.default('skip'),
    }),
    response: ScheduleShown,
  },
  'schedules.show': {
    method: 'GET',
    path: '/v1/schedules/:schedule',
    permission: 'schedule.see',
    tag: 'requests',
    status: 200,
    summary: 'One schedule, its next times, and what became of the last ones',
    params,
    response: ScheduleShown,
  },
  'schedules.pause': {
    ...change,
    method: 'POST',
    path: '/v1/schedules/:schedule/pause',
    summary: 'File nothing until it is resumed',
    body: z.strictObject({ comment: comment.default('') }),
  },
  'schedules.resume': {
    ...change,
    method: 'POST',
    path: '/v1/schedules/:schedule/resume',
    summary: 'Go on, from the next time',
    body: z.strictObject({}),
  },
  'schedules.delete': {
    ...change,
    method: 'DELETE',
    path: '/v1/schedules/:schedule',
    summary: 'File nothing any more. What it has filed stays',
  },
} as const;
