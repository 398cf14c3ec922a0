import { ERRORS, type Output } from '@guichet/contract';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { asked, asProblem } from './gateway.ts';

export interface Read {
  readonly action: string;
  readonly environment: string;
  readonly input: Readonly<Record<string, unknown>>;
}

type OfKind<Kind extends Output['kind']> = Extract<Output, { kind: Kind }>;

interface ReadOptions {
  /** Asked again so often, in ms; once when left out. */
  readonly everyMs?: number | false;
  readonly enabled?: boolean;
  /** As fresh as this it is not asked for again when the page is opened, in ms. */
  readonly staleMs?: number;
}

/** What would be refused again is not asked again by itself: policy, sign-in, a mistake. A server that is down may come back. */
const isFinal = (error: Error | null): boolean =>
  error !== null && [400, 401, 403, 404].includes(ERRORS[asProblem(error).code].status);

/** The answer of a read action, of the kind that its page knows how to draw. */
export function useRead<Kind extends Output['kind']>(
  kind: Kind,
  { action, environment, input }: Read,
  { everyMs = false, enabled = true, staleMs = 0 }: ReadOptions = {},
): UseQueryResult<OfKind<Kind>, Error> {
  return useQuery({
    ...asked('actions.read', { params: { action }, body: { environment, input } }),
    enabled,
    staleTime: staleMs,
    select: ({ output }) => {
      // An action has one kind of output, which its manifest says; the gateway refuses others.
      if (output.kind !== kind) throw new TypeError(`${action} gave back a ${output.kind}, not a ${kind}`);
      return output as OfKind<Kind>;
    },
    refetchInterval: ({ state }) => (isFinal(state.error) ? false : everyMs),
    // Every asking is an event of the audit log: nobody looks at a tab that is not in front.
    refetchIntervalInBackground: false,
  });
}

/** After so long without a key or a movement nobody is taken to be there. */
const UNATTENDED_MS = 60 * 60_000;

/** Calls back when nobody has touched the page for an hour. */
export function useUnattended(onLeft: () => void): void {
  const [touched, setTouched] = useState(0);
  useEffect(() => {
    const timer = setTimeout(onLeft, UNATTENDED_MS);
    const touch = (): void => {
      // Once a minute is often enough.
      if (Date.now() - touched > 60_000) setTouched(Date.now());
    };
    addEventListener('pointermove', touch);
    addEventListener('keydown', touch);
    return () => {
      clearTimeout(timer);
      removeEventListener('pointermove', touch);
      removeEventListener('keydown', touch);
    };
  }, [touched, onLeft]);
}
