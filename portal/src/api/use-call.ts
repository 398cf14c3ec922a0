import type { CallArguments, CallName, ResponseOf } from '@guichet/client';
import type { GuichetError } from '@guichet/contract';
import { type UseMutationResult, useMutation, useQueryClient } from '@tanstack/react-query';
import { asProblem, gateway } from './gateway.ts';

interface UseCallOptions<Name extends CallName> {
  /** Routes whose answers may be others afterwards: `['requests.list']`. */
  readonly changes?: readonly CallName[];
  readonly onSuccess?: (answer: ResponseOf<Name>) => void;
  readonly onError?: (error: GuichetError) => void;
}

/** A call that changes something: `const approve = useCall('requests.approve', …)`, then `approve.mutate({ params, body })`. */
export function useCall<Name extends CallName>(
  name: Name,
  { changes = [], onSuccess, onError }: UseCallOptions<Name> = {},
): UseMutationResult<ResponseOf<Name>, GuichetError, CallArguments<Name>[0]> {
  const queries = useQueryClient();
  return useMutation<ResponseOf<Name>, GuichetError, CallArguments<Name>[0]>({
    mutationFn: async (options) => {
      try {
        // CallArguments is narrowed by Name, which is not known here.
        return await gateway.call(name, ...([options] as unknown as CallArguments<Name>));
      } catch (error) {
        throw asProblem(error);
      }
    },
    onSuccess: async (answer) => {
      onSuccess?.(answer);
      await Promise.all(changes.map((changed) => queries.invalidateQueries({ queryKey: [changed] })));
    },
    ...(onError !== undefined && { onError }),
  });
}
