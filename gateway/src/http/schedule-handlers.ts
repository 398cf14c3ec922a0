import type { Caller } from '../identity/index.ts';
import type { Schedules } from '../schedules/index.ts';
import type { Handlers } from './call.ts';

type ScheduleHandlers = Pick<
  Handlers,
  'schedules.list' | 'schedules.create' | 'schedules.show' | 'schedules.pause' | 'schedules.resume' | 'schedules.delete'
>;

const bearing = ({ token, origin }: Caller) => ({ tokenMakerId: token.createdBy.id, origin });

/** The handlers of schedules: parse has happened, call the domain, reply. */
export function scheduleHandlers(schedules: Schedules): ScheduleHandlers {
  return {
    'schedules.list': async ({ caller }) => ({ items: await schedules.list(caller.principal) }),
    'schedules.create': async ({ caller, body }) => schedules.create(caller.principal, { ...body, ...bearing(caller) }),
    'schedules.show': async ({ caller, params }) => schedules.show(caller.principal, params.schedule),
    'schedules.pause': async ({ caller, params, body }) =>
      schedules.change(caller.principal, params.schedule, { change: 'pause', comment: body.comment, ...bearing(caller) }),
    'schedules.resume': async ({ caller, params }) =>
      schedules.change(caller.principal, params.schedule, { change: 'resume', ...bearing(caller) }),
    'schedules.delete': async ({ caller, params }) =>
      schedules.change(caller.principal, params.schedule, { change: 'delete', ...bearing(caller) }),
  };
}
