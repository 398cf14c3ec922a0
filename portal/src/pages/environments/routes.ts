import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.tsx';

/** What the page of an environment shows, as it stands in its address. */
export interface ApplicationFilter {
  readonly team?: string;
}

export const environmentRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/environments',
    component: lazyRouteComponent(() => import('./environment-list.tsx'), 'EnvironmentList'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/environments/$environment',
    validateSearch: ({ team }: Readonly<Record<string, unknown>>): ApplicationFilter =>
      typeof team === 'string' && team !== '' ? { team } : {},
    component: lazyRouteComponent(() => import('./environment-page.tsx'), 'EnvironmentPage'),
  }),
] as const;
