import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.tsx';
import { readCompanyFilter } from './company-filter.ts';

export const companyRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/company',
    component: lazyRouteComponent(() => import('./company-page.tsx'), 'CompanyPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/services',
    validateSearch: readCompanyFilter,
    component: lazyRouteComponent(() => import('./service-list.tsx'), 'ServiceList'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/services/$service',
    component: lazyRouteComponent(() => import('./service-page.tsx'), 'ServicePage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/teams',
    validateSearch: readCompanyFilter,
    component: lazyRouteComponent(() => import('./team-list.tsx'), 'TeamList'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/teams/$team',
    component: lazyRouteComponent(() => import('./team-page.tsx'), 'TeamPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/people',
    validateSearch: readCompanyFilter,
    component: lazyRouteComponent(() => import('./person-list.tsx'), 'PersonList'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/people/$person',
    component: lazyRouteComponent(() => import('./person-page.tsx'), 'PersonPage'),
  }),
] as const;
