import { setTimeout as sleep } from 'node:timers/promises';
import type { DBInstance } from '@aws-sdk/client-rds';
import { PermanentFailure } from '@guichet/sdk';
import { InstanceError } from '../instance-error.ts';
import type { ReplicaWork } from '../replica/maker.ts';
import type { RdsApi } from './rds-api.ts';

/** One look, with all the tries of the SDK. In ms. */
const LOOK_MS = 60_000;
/** While AWS does not answer, the pauses grow up to so many times the usual one. */
const LONGEST_PAUSE = 6;

export interface Watched {
  readonly api: RdsApi;
  readonly identifier: string;
  readonly pollSeconds: number;
  readonly log: ReplicaWork['log'];
  /** Ends the watch. */
  readonly stop: AbortSignal;
}

/**
 * Looks at an instance until the judge says that it is settled. Minutes without an answer from AWS (throttling, an outage,
 * credentials that are being renewed) are told and waited out: what AWS does, it does without us. Rejects with the reason
 * of `stop`, with what the judge throws, and with a PermanentFailure when AWS says that the provider may not look.
 */
export async function watchInstance<Result>(
  { api, identifier, pollSeconds, log, stop }: Watched,
  judge: (found: DBInstance | undefined) => Result | undefined,
): Promise<Result> {
  let silent = 0;
  for (;;) {
    stop.throwIfAborted();
    if (api.closed) await never();
    try {
      const found = await api.describe(identifier, AbortSignal.any([stop, AbortSignal.timeout(LOOK_MS)]));
      if (silent > 0) log(`RDS answers again.`);
      silent = 0;
      const result = judge(found);
      if (result !== undefined) return result;
    } catch (error) {
      stop.throwIfAborted();
      if (api.closed) await never();
      if (!(error instanceof InstanceError)) throw error;
      if (!error.passing) {
        throw new PermanentFailure(`${error.message} What was begun goes on without being watched.`, {
          remedy: error.remedy,
          cause: error.cause,
        });
      }
      if (silent === 0) log(`${error.message} What was begun goes on; looking again.`, 'warn');
      silent += 1;
    }
    const pause = pollSeconds * Math.min(LONGEST_PAUSE, 1 + silent);
    // It does not keep a process alive that has nothing else to do: see `never`.
    await sleep(pause * 1000, undefined, { signal: stop, ref: false }).catch(() => {});
  }
}

/**
 * For a provider that ends while AWS is at work. Any end that the run came to now would be taken for the end of the work; without
 * one the gateway asks the next process, which looks at what AWS has made of it.
 */
function never(): Promise<never> {
  return new Promise(() => {});
}

/**
 * Aborted when somebody wants the run to stop: cancelled, or over its time limit. Not when nobody listens any more, nor when
 * this process is told to end: AWS goes on by itself, the watch as long as it can, and whoever asks later is told by `observe`.
 */
export function wishToStop(signal: AbortSignal): AbortSignal {
  const wish = new AbortController();
  const pass = (): void => {
    const { reason }: { reason: unknown } = signal;
    const kind = typeof reason === 'object' && reason !== null && 'kind' in reason ? reason.kind : undefined;
    if (kind !== 'closed' && kind !== 'stopping') wish.abort(reason);
  };
  if (signal.aborted) pass();
  else signal.addEventListener('abort', pass, { once: true });
  return wish.signal;
}
