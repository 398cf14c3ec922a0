import type { Choice } from '@guichet/contract';
import { z } from 'zod';
import { databaseNames } from '../contents/find-database.ts';
import { refusing } from '../instance-error.ts';
import { matchesFuzzily } from '../nearest.ts';
import type { Workplace } from './workplace.ts';

export const DatabaseName = z.string().min(1).max(63).describe('Name of the database');

/** The databases of the instance that was chosen. */
export function databaseOptions({ estate }: Workplace) {
  return ({ input, environment, query }: { input: { instance?: string }; environment: string; query: string }) =>
    refusing(async (): Promise<Choice[]> => {
      if (input.instance === undefined) return []; // there is nothing to choose from yet
      const names = await databaseNames(await estate.find(environment, input.instance));
      return names.filter((name) => matchesFuzzily(query, name)).map((value) => ({ value }));
    });
}
