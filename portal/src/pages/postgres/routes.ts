import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.tsx';
import {
  readActivitySearch,
  readBlockingSearch,
  readExplainSearch,
  readInstancesSearch,
  readLeasesSearch,
  readRolesSearch,
  readSettingsSearch,
  readSlowSearch,
  readTablesSearch,
} from './search.ts';

const instanceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/postgres/$environment/$instance',
  component: lazyRouteComponent(() => import('./instance-page.tsx'), 'InstancePage'),
});
const getParentRoute = () => instanceRoute;

const instanceViews = [
  createRoute({
    getParentRoute,
    path: '/',
    component: lazyRouteComponent(() => import('./first-tab.tsx'), 'FirstTab'),
  }),
  createRoute({
    getParentRoute,
    path: 'activity',
    validateSearch: readActivitySearch,
    component: lazyRouteComponent(() => import('./activity/activity-tab.tsx'), 'ActivityTab'),
  }),
  createRoute({
    getParentRoute,
    path: 'blocking',
    validateSearch: readBlockingSearch,
    component: lazyRouteComponent(() => import('./blocking-tab.tsx'), 'BlockingTab'),
  }),
  createRoute({
    getParentRoute,
    path: 'slow-queries',
    validateSearch: readSlowSearch,
    component: lazyRouteComponent(() => import('./slow/slow-tab.tsx'), 'SlowTab'),
  }),
  createRoute({
    getParentRoute,
    path: 'explain',
    validateSearch: readExplainSearch,
    component: lazyRouteComponent(() => import('./explain-tab.tsx'), 'ExplainTab'),
  }),
  createRoute({
    getParentRoute,
    path: 'health',
    component: lazyRouteComponent(() => import('./health-tab.tsx'), 'HealthTab'),
  }),
  createRoute({
    getParentRoute,
    path: 'databases',
    component: lazyRouteComponent(() => import('./contents-tabs.tsx'), 'DatabasesTab'),
  }),
  createRoute({
    getParentRoute,
    path: 'tables',
    validateSearch: readTablesSearch,
    component: lazyRouteComponent(() => import('./contents-tabs.tsx'), 'TablesTab'),
  }),
  createRoute({
    getParentRoute,
    path: 'roles',
    validateSearch: readRolesSearch,
    component: lazyRouteComponent(() => import('./contents-tabs.tsx'), 'RolesTab'),
  }),
  createRoute({
    getParentRoute,
    path: 'settings',
    validateSearch: readSettingsSearch,
    component: lazyRouteComponent(() => import('./contents-tabs.tsx'), 'SettingsTab'),
  }),
  createRoute({
    getParentRoute,
    path: 'leases',
    validateSearch: readLeasesSearch,
    component: lazyRouteComponent(() => import('./leases-tab.tsx'), 'LeasesTab'),
  }),
  createRoute({
    getParentRoute,
    path: 'replicas',
    component: lazyRouteComponent(() => import('./replicas-tab.tsx'), 'ReplicasTab'),
  }),
] as const;

/** PostgreSQL: the instances, and each of them with its views. */
export const postgresRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/postgres',
    validateSearch: readInstancesSearch,
    component: lazyRouteComponent(() => import('./instance-list.tsx'), 'InstanceList'),
  }),
  instanceRoute.addChildren(instanceViews),
] as const;
