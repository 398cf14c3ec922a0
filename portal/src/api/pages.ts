import type { CallArguments, CallName, ResponseOf } from '@guichet/client';
import { type InfiniteData, type UseInfiniteQueryResult, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { gateway } from './gateway.ts';

/** What one page of a list is: its rows, and where the next one begins. */
interface PageOf<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** The routes that answer with pages. */
export type ListName = { [Name in CallName]: ResponseOf<Name> extends PageOf<unknown> ? Name : never }[CallName];
type ItemOf<Name extends ListName> = ResponseOf<Name> extends PageOf<infer Item> ? Item : never;

export interface Pages<Item> {
  /** Of the first page: for `Loaded`. */
  readonly query: UseInfiniteQueryResult<InfiniteData<PageOf<Item>>, Error>;
  /** Of all pages that have come. */
  readonly items: readonly Item[];
  readonly more: { readonly hasMore: boolean; readonly isLoading: boolean; readonly load: () => void };
  /** Why the next page did not come, when the ones before it did. */
  readonly nextError: Error | undefined;
}

/**
 * A list that comes in pages: `usePages('requests.list', { query: { requester: 'me' } })`. Its `more` is what DataTable asks
 * for the next one by. The key of the query is the name of the route first, as that of `asked` is.
 */
export function usePages<Name extends ListName>(name: Name, ...[options]: CallArguments<Name>): Pages<ItemOf<Name>> {
  const query = useInfiniteQuery({
    queryKey: [name, 'pages', options ?? {}] as const,
    initialPageParam: undefined as string | undefined, // the first page has no cursor; those after it have
    queryFn: async ({ pageParam, signal }) => {
      // What is asked depends on Name, which is not known here; every list takes a cursor in its query.
      const given = options as { query?: object } | undefined;
      const asked = { ...given, query: { ...given?.query, ...(pageParam !== undefined && { cursor: pageParam }) }, signal };
      const answer = await gateway.call(name, ...([asked] as unknown as CallArguments<Name>));
      return answer as unknown as PageOf<ItemOf<Name>>; // as ListName says
    },
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const items = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const more = useMemo(
    () => ({ hasMore: hasNextPage, isLoading: isFetchingNextPage, load: () => void fetchNextPage() }),
    [hasNextPage, isFetchingNextPage, fetchNextPage],
  );
  return { query, items, more, nextError: query.isFetchNextPageError ? query.error : undefined };
}
