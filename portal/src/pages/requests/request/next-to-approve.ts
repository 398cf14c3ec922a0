import type { RequestSummary } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { toApproveQuery } from '../to-approve.ts';

/** The first of those that wait for the reader, after this one; then from the beginning. */
export function useNextToApprove(request: string): RequestSummary | undefined {
  const { data } = useQuery(toApproveQuery);
  const items = data?.items ?? [];
  const place = items.findIndex(({ id }) => id === request);
  return [...items.slice(place + 1), ...items.slice(0, Math.max(place, 0))].find(({ id }) => id !== request);
}
