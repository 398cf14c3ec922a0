import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.tsx';
import { readAuditFilter } from './audit-filter.ts';

export const auditRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/audit',
    validateSearch: readAuditFilter,
    component: lazyRouteComponent(() => import('./audit-list.tsx'), 'AuditList'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/audit/$event',
    component: lazyRouteComponent(() => import('./audit-event.tsx'), 'AuditEventPage'),
  }),
] as const;
