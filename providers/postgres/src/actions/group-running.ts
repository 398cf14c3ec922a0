import { observeGroup, runGroup } from '../group-signal/group-run.ts';
import { failing } from '../instance-error.ts';
import type { SignalKind } from '../signal-kind.ts';
import type { Voice } from '../signal-run.ts';
import type { Workplace } from './workplace.ts';

interface Asked {
  readonly input: { readonly instance: string };
  readonly seen: unknown;
  readonly environment: string;
}

/** How an action that signals several sessions runs, and how it finds out what became of a run whose end nobody saw. */
export function groupRunning(kind: SignalKind, { estate, mask, watchSeconds }: Workplace) {
  return {
    run: ({ input, seen, ...voice }: Asked & Voice) =>
      failing(async () => {
        const instance = await estate.find(voice.environment, input.instance);
        return runGroup(kind, { instance, seen, mask: await mask(), watchSeconds, voice });
      }),
    observe: ({ input, seen, environment }: Asked) =>
      failing(async () => observeGroup(kind, { instance: await estate.find(environment, input.instance), seen, environment })),
  };
}
