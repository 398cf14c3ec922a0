import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.tsx';
import { readExplainSearch } from './explain-search.ts';
import { readReplaySearch } from './replay-search.ts';
import { readRuleSearch } from './rule-search.ts';

export const policyRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/policy',
    validateSearch: readRuleSearch,
    component: lazyRouteComponent(() => import('./rules.tsx'), 'PolicyRules'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/policy/explain',
    validateSearch: readExplainSearch,
    component: lazyRouteComponent(() => import('./explain.tsx'), 'PolicyExplain'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/policy/try',
    component: lazyRouteComponent(() => import('./try.tsx'), 'PolicyTry'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/policy/replay',
    validateSearch: readReplaySearch,
    component: lazyRouteComponent(() => import('./replay.tsx'), 'PolicyReplay'),
  }),
] as const;
