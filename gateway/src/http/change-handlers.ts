import { GuichetError } from '@guichet/contract';
import type { ChangeHub } from '../changes/index.ts';
import type { Limits } from '../limits/index.ts';
import type { Handlers } from './call.ts';
import { streamChanges } from './changes.ts';

export interface ChangeServices {
  readonly changes: ChangeHub;
  readonly limits: Limits;
  readonly draining: AbortSignal;
}

/** The stream of what may have changed for whoever reads it. */
export function changeHandlers({ changes, limits, draining }: ChangeServices): Pick<Handlers, 'requests.changes'> {
  return {
    'requests.changes': async ({ caller, request, reply }) => {
      if (draining.aborted)
        throw new GuichetError('gateway.draining', 'This gateway is stopping.', { remedy: 'Call again: another one answers.' });
      const close = limits.stream(caller.principal.id);
      const headers = reply.getHeaders();
      reply.hijack();
      await streamChanges({ hub: changes, caller, response: reply.raw, headers, signal: draining })
        .catch((error: unknown) => request.log.warn({ err: error }, 'stream of changes cut'))
        .finally(close);
      return undefined;
    },
  };
}
