import { QueryClient } from '@tanstack/react-query';

/** What was asked once is shown at once when it is asked again, and then renewed. The client repeats calls by itself. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 5_000, gcTime: 10 * 60_000, retry: false, refetchOnWindowFocus: true, networkMode: 'always' },
    mutations: { retry: false, networkMode: 'always' },
  },
});
