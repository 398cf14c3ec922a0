import type { Change } from '@guichet/contract';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { asked, gateway } from '../api/gateway.ts';
import { session } from '../api/session.ts';
import { useOnline } from './online.ts';

/** What may be otherwise after each kind of change: names of routes, or how they begin. */
const STALE: Readonly<Record<Exclude<Change['kind'], 'open'>, readonly string[]>> = {
  requests: ['requests.'],
  catalogue: ['actions.', 'providers.'],
  company: ['me.', 'people.', 'teams.', 'services.', 'environments.', 'company.', 'machines.'],
  policy: ['policy.', 'actions.list', 'requests.'],
  audit: ['audit.status'],
};

/** Never what was read from or planned with a provider: that is asked anew by whoever looks at it. */
const NEVER: ReadonlySet<unknown> = new Set(['actions.read', 'actions.plan', 'actions.options']);

type Connection = 'flowing' | 'cut';
let connection: Connection = 'flowing';
const listeners = new Set<() => void>();
const heard = new Set<(change: Change) => void>();

function say(now: Connection): void {
  connection = now;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether news come, so that what is on the screen is how it is. */
export const useLiveConnection = (): Connection => useSyncExternalStore(subscribe, () => connection);

/** Told of each change as it comes. */
export function onChange(listener: (change: Change) => void): () => void {
  heard.add(listener);
  return () => heard.delete(listener);
}

function renew(queries: QueryClient, change: Exclude<Change, { kind: 'open' }>): void {
  if (change.kind === 'requests' && change.id !== undefined) {
    void queries.invalidateQueries({ queryKey: ['requests.list'] });
    void queries.invalidateQueries({ queryKey: asked('requests.show', { params: { request: change.id } }).queryKey });
    return;
  }
  const names = STALE[change.kind];
  void queries.invalidateQueries({
    predicate: ({ queryKey: [name] }) =>
      typeof name === 'string' && !NEVER.has(name) && names.some((start) => name.startsWith(start)),
  });
}

/** Reads the one stream of the page, and has those lists asked for again that may have changed. For the shell alone. */
export function useLive(): void {
  const queries = useQueryClient();
  const standing = useSyncExternalStore(session.subscribe, session.standing);
  const isOnline = useOnline();
  useEffect(() => {
    if (standing !== 'signed-in' || !isOnline) return;
    const stop = new AbortController();
    void read(queries, stop.signal);
    return () => stop.abort();
  }, [queries, standing, isOnline]);
}

async function read(queries: QueryClient, signal: AbortSignal): Promise<void> {
  const onConnection = (status: 'cut' | 'resumed'): void => say(status === 'cut' ? 'cut' : 'flowing');
  try {
    for await (const change of gateway.changes({ signal, onConnection })) {
      for (const listener of heard) listener(change);
      // What came before the stream was open is not told. What is being asked for now need not be asked for twice.
      if (change.kind === 'open')
        void queries.invalidateQueries(
          { predicate: ({ queryKey: [name], state }) => !NEVER.has(name) && state.dataUpdatedAt > 0 },
          { cancelRefetch: false },
        );
      else renew(queries, change);
    }
  } catch {
    // Refused: the session is over, and its dialog says so; or it is no longer read. Both say more than a cut.
  } finally {
    say('flowing');
  }
}
