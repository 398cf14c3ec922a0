import type { Choice } from '@guichet/contract';
import { formatDuration } from '@guichet/contract';
import { refuse } from '@guichet/sdk';
import { z } from 'zod';
import { groupSessions, type SessionGroup } from '../activity/session-groups.ts';
import { commandLine } from '../describe-session.ts';
import { refusing } from '../instance-error.ts';
import { matchesFuzzily, nearest } from '../nearest.ts';
import { readSessions, type Session } from '../sessions.ts';
import { CANCEL } from '../signal-kind.ts';
import { objection, type Place } from '../signal-target.ts';
import { counted, shortened } from '../words.ts';
import type { Workplace } from './workplace.ts';

export const Fingerprint = z
  .string()
  .min(1)
  .max(64)
  .describe('Fingerprint of the statement, as activity --group-by query shows it');

const MOST_CHOICES = 100;

/** The statements that run now and may be cancelled, those that most sessions run first. */
export function fingerprintOptions({ estate, mask }: Workplace) {
  return ({ input, environment, query }: { input: { instance?: string }; environment: string; query: string }) =>
    refusing(async (): Promise<Choice[]> => {
      if (input.instance === undefined) return []; // there is nothing to choose from yet
      const instance = await estate.find(environment, input.instance);
      const sessions = await readSessions(instance, await mask());
      return running(sessions, { instance: instance.name, environment })
        .map(choiceOf)
        .filter(({ value, label }) => matchesFuzzily(query, `${value} ${label}`))
        .slice(0, MOST_CHOICES);
    });
}

function running(sessions: readonly Session[], place: Place): (SessionGroup & { readonly fingerprint: string })[] {
  const active = sessions.filter((session) => objection(session, CANCEL, place) === undefined);
  return groupSessions(active, 'query').flatMap(({ fingerprint, ...group }) =>
    fingerprint === null ? [] : [{ ...group, fingerprint }],
  );
}

function choiceOf({ fingerprint, name, sessions, waiting, longestStatement }: SessionGroup & { readonly fingerprint: string }) {
  const detail = [
    counted(sessions, 'session'),
    ...(waiting > 0 ? [`${waiting} waiting for a lock`] : []),
    ...(longestStatement === null ? [] : [`the longest for ${formatDuration(longestStatement)}`]),
  ];
  return { value: fingerprint, label: `${fingerprint} ${shortened(name ?? '', 120)}`, detail: detail.join(', ') };
}

/** Refuses a statement that nobody runs, with those that run now. */
export function refuseFingerprint(fingerprint: string, sessions: readonly Session[], place: Place): never {
  const known = running(sessions, place);
  const meant = nearest(
    fingerprint,
    known.map((group) => group.fingerprint),
  );
  const listed = known
    .slice(0, 3)
    .map((group) => `${group.fingerprint} (${counted(group.sessions, 'session')}: ${shortened(group.name ?? '', 60)})`);
  const command = commandLine('activity', { instance: place.instance, 'group-by': 'query', env: place.environment });
  const remedy = [
    ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
    ...(listed.length === 0 ? ['No statement runs there now.'] : [`What runs now: ${listed.join('; ')}.`]),
    `See ${command}`,
  ].join(' ');
  return refuse(`No session on '${place.instance}' runs a statement of the fingerprint '${fingerprint}' now.`, { remedy });
}
