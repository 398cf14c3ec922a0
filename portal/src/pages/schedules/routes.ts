import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.tsx';
import { readSchedulePrefill } from './schedule-prefill.ts';

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
    validateSearch: readSchedulePrefill,
    component: lazyRouteComponent(() => import('./new-schedule.tsx'), 'NewSchedule'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/schedules/$schedule',
    component: lazyRouteComponent(() => import('./schedule-page.tsx'), 'SchedulePage'),
  }),
] as const;
