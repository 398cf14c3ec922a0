import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.tsx';

/** What a new schedule begins with, as it stands in its address. */
export interface SchedulePrefill {
  readonly action?: string;
  readonly environment?: string;
}

export const scheduleRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/schedules',
    component: lazyRouteComponent(() => import('./schedule-list.tsx'), 'ScheduleList'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    // Not below /schedules: there it would be the name of a schedule.
    path: '/new-schedule',
    validateSearch: ({ action, environment }: Readonly<Record<string, unknown>>): SchedulePrefill => ({
      ...(typeof action === 'string' && action !== '' && { action }),
      ...(typeof environment === 'string' && environment !== '' && { environment }),
    }),
    component: lazyRouteComponent(() => import('./new-schedule.tsx'), 'NewSchedule'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/schedules/$schedule',
    component: lazyRouteComponent(() => import('./schedule-page.tsx'), 'SchedulePage'),
  }),
] as const;
