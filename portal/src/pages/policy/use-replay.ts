import type { ResponseOf } from '@guichet/client';
import type { GuichetError, PolicyDifference, PolicyFile } from '@guichet/contract';
import { useEffect, useRef, useState } from 'react';
import { asProblem, gateway } from '../../api/gateway.ts';

/** A replay so far. */
export interface Replay {
  readonly state: 'idle' | 'going' | 'done' | 'stopped' | 'failed';
  readonly looked: number;
  readonly undecidable: number;
  readonly withDenied: boolean;
  readonly differences: readonly PolicyDifference[];
  readonly error?: GuichetError;
}

const NOTHING: Replay = { state: 'idle', looked: 0, undecidable: 0, withDenied: true, differences: [] };

/** Decides the past once more, page by page; what is known so far is shown, and it can be stopped. */
export function useReplay(): {
  readonly replay: Replay;
  readonly start: (since: string, files: readonly PolicyFile[]) => void;
  readonly stop: () => void;
} {
  const [replay, setReplay] = useState<Replay>(NOTHING);
  const running = useRef(new AbortController());
  useEffect(() => () => running.current.abort(), []);

  async function go(since: string, files: readonly PolicyFile[]): Promise<void> {
    running.current.abort();
    running.current = new AbortController();
    const { signal } = running.current;
    let so: Replay = { ...NOTHING, state: 'going' };
    setReplay(so);
    try {
      let cursor: string | undefined;
      do {
        const page: ResponseOf<'policy.replay'> = await gateway.call('policy.replay', {
          body: { since, ...(files.length > 0 && { policies: [...files] }), ...(cursor !== undefined && { cursor }) },
          signal,
        });
        cursor = page.next ?? undefined;
        so = {
          state: cursor === undefined ? 'done' : 'going',
          looked: so.looked + page.looked,
          undecidable: so.undecidable + page.undecidable,
          withDenied: page.withDenied,
          differences: [...so.differences, ...page.differences],
        };
        setReplay(so);
      } while (cursor !== undefined && !signal.aborted);
    } catch (error) {
      setReplay(signal.aborted ? { ...so, state: 'stopped' } : { ...so, state: 'failed', error: asProblem(error) });
    }
  }
  return { replay, start: (since, files) => void go(since, files), stop: () => running.current.abort() };
}

/** Differences under the rules that make them; those that make most first. */
export function byRules(differences: readonly PolicyDifference[]): readonly (readonly [string, readonly PolicyDifference[]])[] {
  const groups = Map.groupBy(differences, ({ rules }) => rules.toSorted().join(', '));
  return [...groups].sort(([, a], [, b]) => b.length - a.length);
}
