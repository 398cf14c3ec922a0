import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.tsx';
import { readRequestFilter } from './request-filter.ts';

export const requestRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/requests',
    validateSearch: readRequestFilter,
    component: lazyRouteComponent(() => import('./request-list.tsx'), 'RequestList'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/requests/$request',
    component: lazyRouteComponent(() => import('./request-page.tsx'), 'RequestPage'),
  }),
] as const;
