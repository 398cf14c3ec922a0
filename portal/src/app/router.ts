import { createRouter } from '@tanstack/react-router';
import { queryClient } from '../api/query-client.ts';
import { accessRoutes } from '../pages/access/routes.ts';
import { actionRoutes } from '../pages/actions/routes.ts';
import { auditRoutes } from '../pages/audit/routes.ts';
import { companyRoutes } from '../pages/company/routes.ts';
import { environmentRoutes } from '../pages/environments/routes.ts';
import { homeRoutes } from '../pages/home/routes.ts';
import { policyRoutes } from '../pages/policy/routes.ts';
import { postgresRoutes } from '../pages/postgres/routes.ts';
import { providerRoutes } from '../pages/providers/routes.ts';
import { requestRoutes } from '../pages/requests/routes.ts';
import { scheduleRoutes } from '../pages/schedules/routes.ts';
import { NotFound, PageFailed } from './failed-page.tsx';
import { rootRoute } from './root-route.tsx';

const routeTree = rootRoute.addChildren([
  ...homeRoutes,
  ...actionRoutes,
  ...requestRoutes,
  ...postgresRoutes,
  ...environmentRoutes,
  ...companyRoutes,
  ...providerRoutes,
  ...auditRoutes,
  ...accessRoutes,
  ...scheduleRoutes,
  ...policyRoutes,
]);

export const router = createRouter({
  routeTree,
  context: { queries: queryClient },
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0, // TanStack Query knows what is stale
  defaultErrorComponent: PageFailed,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
