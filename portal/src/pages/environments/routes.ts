import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.tsx';
import { readApplicationFilter } from './application-filter.ts';

export const environmentRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/environments',
    component: lazyRouteComponent(() => import('./environment-list.tsx'), 'EnvironmentList'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/environments/$environment',
    validateSearch: readApplicationFilter,
    component: lazyRouteComponent(() => import('./environment-page.tsx'), 'EnvironmentPage'),
  }),
] as const;
