import type { Action, GuichetError, Output } from '@guichet/contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { asProblem, gateway } from '../../api/gateway.ts';
import type { Input } from '../../schema-form/value.ts';

interface Answer {
  readonly output: Output;
  readonly tookMs: number;
  readonly at: string;
}

/** A read, once it is asked for; again by hand or every so many seconds. */
export interface Reading {
  readonly answer: Answer | undefined;
  readonly error: GuichetError | undefined;
  readonly isAsking: boolean;
  /** The answer is of another input than the one that was asked for last: the new one is on its way. */
  readonly isOld: boolean;
  readonly everySeconds: number;
  readonly setEvery: (seconds: number) => void;
  readonly ask: (question: { environment: string; input: Input }) => void;
}

export function useReading({ id }: Action): Reading {
  const [question, setQuestion] = useState<{ environment: string; input: Input; turn: number }>();
  const [everySeconds, setEvery] = useState(0);
  const query = useQuery({
    // The input may hold a secret: the key stays in memory, and what it names is dropped with the page.
    queryKey: ['actions.read', id, question],
    queryFn: async ({ signal }): Promise<Answer> => {
      const began = performance.now();
      const { environment = '', input = {} } = question ?? {};
      const { output } = await gateway.call('actions.read', {
        params: { action: id },
        body: { environment, input: { ...input } },
        signal,
      });
      return { output, tookMs: performance.now() - began, at: new Date().toISOString() };
    },
    enabled: question !== undefined,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    placeholderData: keepPreviousData,
    // What fails is not asked again and again: somebody looks first.
    refetchInterval: ({ state }) => (everySeconds > 0 && state.status !== 'error' ? everySeconds * 1000 : false),
  });
  return {
    answer: query.data,
    error: query.isError ? asProblem(query.error) : undefined,
    isAsking: query.isFetching,
    isOld: query.isPlaceholderData,
    everySeconds,
    setEvery,
    ask: (next) => setQuestion(({ turn } = { environment: '', input: {}, turn: 0 }) => ({ ...next, turn: turn + 1 })),
  };
}
