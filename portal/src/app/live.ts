import type { Change } from '@guichet/contract';
import { hashKey, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { asked } from '../api/gateway.ts';
import { useMe } from '../api/me.ts';
import { session } from '../api/session.ts';
import { useOnline } from './online.ts';
import { type Connection, listenToChanges } from './shared-changes.ts';

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

/** Of a tab that nobody sees only the lists of requests are asked for: the count in its title. The rest when it is seen. */
function renew(queries: QueryClient, change: Change): void {
  const again = ({ queryKey: [name] }: { readonly queryKey: readonly unknown[] }): boolean =>
    !document.hidden || name === 'requests.list';
  const stale = (predicate: (query: { queryKey: readonly unknown[]; state: { dataUpdatedAt: number } }) => boolean): void => {
    // What is being asked for when a stream opens need not be asked for twice.
    const options = { cancelRefetch: change.kind !== 'open' };
    void queries.invalidateQueries({ predicate: (query) => predicate(query) && again(query) }, options);
    void queries.invalidateQueries({ predicate: (query) => predicate(query) && !again(query), refetchType: 'none' });
  };
  if (change.kind === 'open') {
    // What came before the stream was open is not told.
    stale(({ queryKey: [name], state }) => !NEVER.has(name) && state.dataUpdatedAt > 0);
  } else if (change.kind === 'requests' && change.id !== undefined) {
    const shown = hashKey(asked('requests.show', { params: { request: change.id } }).queryKey);
    stale(({ queryKey }) => queryKey[0] === 'requests.list' || (queryKey[0] === 'requests.show' && hashKey(queryKey) === shown));
  } else {
    const names = STALE[change.kind];
    stale(
      ({ queryKey: [name] }) => typeof name === 'string' && !NEVER.has(name) && names.some((start) => name.startsWith(start)),
    );
  }
}

/** Has those lists asked for again that may have changed. For the shell alone. */
export function useChanges(): void {
  const queries = useQueryClient();
  const person = useMe().principal.id;
  const standing = useSyncExternalStore(session.subscribe, session.standing);
  const isOnline = useOnline();
  useEffect(() => {
    if (standing !== 'signed-in' || !isOnline) return;
    const onChange = (change: Change): void => {
      for (const listener of heard) listener(change);
      renew(queries, change);
    };
    const stop = listenToChanges({ person, onChange, onConnection: say });
    return () => {
      stop();
      say('flowing'); // that there is no session, or no network, says more than a cut
    };
  }, [queries, person, standing, isOnline]);
}
