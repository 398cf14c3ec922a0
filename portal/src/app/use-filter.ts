import { useMemo } from 'react';

/** The part of an address behind `?`, as the router has read it. */
export type Search = Readonly<Record<string, unknown>>;

/**
 * What a page is narrowed to, by the reader that its route is validated with. The router hands on what a reader has left
 * out, so that a page could get `since=yesterday` all the same; read once more, it does not.
 */
export function useFilter<Filter>(search: object, read: (search: Search) => Filter): Filter {
  return useMemo(() => read({ ...search }), [search, read]);
}
