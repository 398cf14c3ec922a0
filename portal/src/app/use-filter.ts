import { useMemo } from 'react';

/**
 * What a page is narrowed to, by the reader that its route is validated with. The router hands on what a reader has left
 * out, so that a page could get `since=yesterday` all the same; read once more, it does not.
 */
export function useFilter<Filter>(search: object, read: (search: Readonly<Record<string, unknown>>) => Filter): Filter {
  return useMemo(() => read({ ...search }), [search, read]);
}
