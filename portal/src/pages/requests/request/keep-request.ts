import type { Request } from '@guichet/contract';
import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { asked } from '../../../api/gateway.ts';

interface KeepRequest {
  /** The gateway has answered with the request as it is now: it is shown at once. */
  (answer: Request): void;
  /** It may be another by now: somebody else may have been faster. */
  readonly again: (request: string) => void;
}

export function useKeepRequest(): KeepRequest {
  const queries = useQueryClient();
  return useMemo(() => {
    const keyOf = (request: string) => asked('requests.show', { params: { request } }).queryKey;
    const keep = (answer: Request): void => {
      queries.setQueryData(keyOf(answer.id), answer);
    };
    return Object.assign(keep, {
      again: (request: string): void => void queries.invalidateQueries({ queryKey: keyOf(request) }),
    });
  }, [queries]);
}
