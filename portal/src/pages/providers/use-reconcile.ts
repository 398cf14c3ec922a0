import type { ResponseOf } from '@guichet/client';
import type { GuichetError } from '@guichet/contract';
import { useEffect, useRef, useState } from 'react';
import { asProblem, gateway } from '../../api/gateway.ts';

type Part = ResponseOf<'audit.reconcile'>;

interface Comparison {
  readonly isGoing: boolean;
  /** Everything was looked at: it was neither stopped nor did it fail. */
  readonly isWhole: boolean;
  readonly looked?: Pick<Part, 'grants' | 'entries' | 'through'>;
  readonly findings: Part['findings'];
  readonly error?: GuichetError;
}

const NOTHING: Comparison = { isGoing: false, isWhole: false, findings: [] };
const DAY_MS = 86_400_000;

/** The comparison of our record with the ledger of a provider: asked for in parts, until all is looked at or it is stopped. */
export function useReconcile(provider: string): {
  readonly state: Comparison;
  readonly start: (days: number) => void;
  readonly stop: () => void;
} {
  const [state, setState] = useState<Comparison>(NOTHING);
  const running = useRef<AbortController>(undefined);
  // Nobody waits for it any more when the page has gone.
  useEffect(() => () => running.current?.abort(), []);

  async function compare(since: string, signal: AbortSignal): Promise<void> {
    let whole: Comparison = { ...NOTHING, isGoing: true };
    setState(whole);
    try {
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const part: Part = await gateway.call('audit.reconcile', {
          body: { provider, since, ...(cursor !== undefined && { cursor }) },
          signal,
        });
        cursor = part.next;
        whole = {
          ...whole,
          looked: {
            grants: (whole.looked?.grants ?? 0) + part.grants,
            entries: (whole.looked?.entries ?? 0) + part.entries,
            through: part.through,
          },
          findings: [...whole.findings, ...part.findings],
        };
        setState(whole);
      }
      setState({ ...whole, isGoing: false, isWhole: true });
    } catch (error) {
      setState({ ...whole, isGoing: false, ...(!signal.aborted && { error: asProblem(error) }) });
    }
  }

  return {
    state,
    start: (days) => {
      running.current = new AbortController();
      void compare(new Date(Date.now() - days * DAY_MS).toISOString(), running.current.signal);
    },
    stop: () => running.current?.abort(),
  };
}
