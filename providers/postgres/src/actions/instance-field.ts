import { type Choice, formatBytes } from '@guichet/contract';
import { z } from 'zod';
import type { Instance } from '../estate.ts';
import { overviews, type State } from '../instance-overview.ts';
import { matchesFuzzily } from '../nearest.ts';
import type { Workplace } from './workplace.ts';

export const InstanceName = z.string().min(1).max(63).describe('Name of the PostgreSQL instance');

/** Choices must be there while somebody types. In ms. */
const OPTIONS_MS = 1500;
/** Of hundreds of instances not each is asked for every letter that somebody types. */
const MOST_ASKED = 40;

/** The instances of the environment, or those that are wanted of them, each with what it is at this moment. */
export function instanceOptions({ estate }: Workplace, wanted: (instance: Instance) => boolean = () => true) {
  return async ({ environment, query }: { environment: string; query: string }): Promise<Choice[]> => {
    const matching = (await estate.of(environment)).filter(
      (instance) => matchesFuzzily(query, instance.name) && wanted(instance),
    );
    const asked = await overviews(matching.slice(0, MOST_ASKED), OPTIONS_MS);
    return [
      ...asked.map((state) => ({ value: state.instance.name, detail: detailOf(state) })),
      ...matching.slice(MOST_ASKED).map(({ name, settings }) => ({ value: name, detail: `of team ${settings.owner}` })),
    ];
  };
}

function detailOf(state: State): string {
  if (!state.up) return `down: ${state.reason}`;
  const { role, version, size } = state.overview;
  return [role, `PostgreSQL ${version}`, ...(size === null ? [] : [formatBytes(size)])].join(', ');
}
