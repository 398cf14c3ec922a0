import type { Exchanged } from '@guichet/contract';
import type { FastifyRequest } from 'fastify';
import type { Machines } from '../identity/index.ts';
import { addressOf } from './auth-request.ts';
import { tooMany } from './auth-throttles.ts';
import type { Handlers } from './call.ts';
import type { FamiliarSecrets } from './familiar-secrets.ts';

type ExchangeHandlers = Pick<Handlers, 'exchange.workload' | 'exchange.aws'>;

/** The handlers by which machines get their tokens. Runners of one company often share an address: the limits are wide. */
export function exchangeHandlers({ workloads, aws }: Machines, familiar: FamiliarSecrets): ExchangeHandlers {
  const exchanges = tooMany('exchanges of identities from your address', { max: 600, seconds: 60 });
  const failures = tooMany('identities from your address that were refused', { max: 120, seconds: 60 });
  const throttled = async (request: FastifyRequest, exchange: (address: string) => Promise<Exchanged>): Promise<Exchanged> => {
    const { address, network } = addressOf(request);
    await exchanges.take(network);
    await failures.check(network);
    try {
      const given = await exchange(address);
      familiar.add(given.accessToken);
      return given;
    } catch (error) {
      await failures.count(network);
      throw error;
    }
  };
  return {
    'exchange.workload': ({ body: { token }, request }) =>
      throttled(request, (address) => workloads.exchange(token, { address })),
    'exchange.aws': ({ body, request }) => throttled(request, (address) => aws.exchange(body, { now: new Date(), address })),
  };
}
