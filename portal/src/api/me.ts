import type { ResponseOf } from '@guichet/client';
import { useSuspenseQuery } from '@tanstack/react-query';
import { asked } from './gateway.ts';
import { session } from './session.ts';

export type Me = ResponseOf<'me.show'>;

const mine = asked('me.show');

/** Who I am, which no page asks for twice; the root of all pages has loaded it. */
export const meQuery = {
  ...mine,
  queryFn: async (context: { signal: AbortSignal }): Promise<Me> => {
    const me = await mine.queryFn(context);
    session.begin(me);
    return me;
  },
  staleTime: 60_000,
};

export const useMe = (): Me => useSuspenseQuery(meQuery).data;
