import { type Choice, formatBytes } from '@guichet/contract';
import { z } from 'zod';
import type { Instance } from '../estate.ts';
import { overviews, type State } from '../instance-overview.ts';
import { matchesFuzzily } from '../nearest.ts';
import type { Workplace } from './workplace.ts';

export const InstanceName = z.string().min(1).max(63).describe('Name of the PostgreSQL instance');

/** Choices must be there while somebody types. In ms. */
const OPTIONS_MS = 1500;

/** The instances of the environment, or those that are wanted of them, each with what it is at this moment. */
export function instanceOptions({ estate }: Workplace, wanted: (instance: Instance) => boolean = () => true) {
  return async ({ environment, query }: { environment: string; query: string }): Promise<Choice[]> => {
    const matching = (await estate.of(environment)).filter(
      (instance) => matchesFuzzily(query, instance.name) && wanted(instance),
    );
    return (await overviews(matching, OPTIONS_MS)).map((state) => ({ value: state.instance.name, detail: detailOf(state) }));
  };
}

function detailOf(state: State): string {
  if (!state.up) return `down: ${state.reason}`;
  const { role, version, size } = state.overview;
  return [role, `PostgreSQL ${version}`, ...(size === null ? [] : [formatBytes(size)])].join(', ');
}
