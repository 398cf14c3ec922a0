import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.tsx';

export const providerRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/providers',
    component: lazyRouteComponent(() => import('./provider-list.tsx'), 'ProviderList'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/providers/$provider',
    component: lazyRouteComponent(() => import('./provider-page.tsx'), 'ProviderPage'),
  }),
] as const;
