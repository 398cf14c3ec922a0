import type { Choice } from '@guichet/contract';
import { z } from 'zod';
import { groupSessions } from '../activity/session-groups.ts';
import { refusing } from '../instance-error.ts';
import { matchesFuzzily } from '../nearest.ts';
import { readSessions } from '../sessions.ts';
import { counted } from '../words.ts';
import type { Workplace } from './workplace.ts';

/** Which sessions are meant; all that is given must hold. */
export const SESSION_FILTER = {
  application: z.string().min(1).max(100).optional().describe('Only applications whose name contains this'),
  user: z.string().min(1).max(63).optional().describe('Only this database user'),
  database: z.string().min(1).max(63).optional().describe('Only this database'),
};

const MOST_CHOICES = 100;

/** What the sessions of the instance have in each of these fields. */
export function sessionFilterOptions(workplace: Workplace) {
  return {
    application: sessionOptions(workplace, 'application'),
    user: sessionOptions(workplace, 'user'),
    database: sessionOptions(workplace, 'database'),
  };
}

/** Those with most at work first, with how many sessions that are. */
function sessionOptions({ estate, mask }: Workplace, field: 'application' | 'user' | 'database') {
  return ({ input, environment, query }: { input: { instance?: string }; environment: string; query: string }) =>
    refusing(async (): Promise<Choice[]> => {
      if (input.instance === undefined) return []; // there is nothing to choose from yet
      const sessions = await readSessions(await estate.find(environment, input.instance), await mask());
      const clients = sessions.filter(({ kind, own }) => kind === 'client backend' && !own);
      return groupSessions(clients, field)
        .flatMap(({ name, ...counts }) => (name === null ? [] : [{ value: name, detail: detailOf(counts) }]))
        .filter(({ value }) => matchesFuzzily(query, value))
        .slice(0, MOST_CHOICES);
    });
}

function detailOf({ sessions, active, waiting }: { sessions: number; active: number; waiting: number }): string {
  return [
    counted(sessions, 'session'),
    ...(active > 0 ? [`${active} active`] : []),
    ...(waiting > 0 ? [`${waiting} waiting for a lock`] : []),
  ].join(', ');
}
