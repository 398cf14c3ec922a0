import type { Action } from '@guichet/contract';
import { useMemo } from 'react';
import { gateway } from '../../api/gateway.ts';
import type { LiveOptions } from '../../schema-form/context.ts';

/** The fields of an action whose choices its provider gives; none before it is known where. */
export function useLiveOptions({ id, options }: Action, environment: string | undefined): LiveOptions | undefined {
  return useMemo(() => {
    if (options.length === 0 || environment === undefined) return undefined;
    return {
      fields: options,
      key: `${id} ${environment}`,
      ask: async ({ field, query, input, signal }) => {
        const { choices } = await gateway.call('actions.options', {
          params: { action: id },
          body: { environment, input: { ...input }, field, query: query.slice(0, 200) },
          signal,
        });
        return choices;
      },
    };
  }, [id, options, environment]);
}
