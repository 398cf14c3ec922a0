import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext } from '@tanstack/react-router';
import { meQuery } from '../api/me.ts';
import { NotFound, PageFailed } from './failed-page.tsx';
import { Shell } from './shell.tsx';

export interface RouterContext {
  readonly queries: QueryClient;
}

/** Every page is inside of the shell, and knows who is signed in. */
export const rootRoute = createRootRouteWithContext<RouterContext>()({
  loader: ({ context }) => context.queries.ensureQueryData(meQuery),
  component: Shell,
  errorComponent: PageFailed,
  notFoundComponent: NotFound,
});
