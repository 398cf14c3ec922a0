import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.tsx';
import { readCatalogueFilter, readPrefill } from './action-search.ts';

export const actionRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/actions',
    validateSearch: readCatalogueFilter,
    component: lazyRouteComponent(() => import('./action-list.tsx'), 'ActionList'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/actions/$action',
    validateSearch: readPrefill,
    component: lazyRouteComponent(() => import('./action-page.tsx'), 'ActionPage'),
  }),
] as const;
