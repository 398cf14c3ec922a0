import type { OutputInput } from '@guichet/contract';
import { commandLine } from '../describe-session.ts';
import type { Seen } from '../seen.ts';
import type { SignalKind } from '../signal-kind.ts';
import { counted } from '../words.ts';

export type GroupReceipt = Extract<OutputInput, { kind: 'table' }>;

/** What became of one of them. `gone`: it is not there any more, and whether by this run is not known. */
export interface SessionOutcome {
  readonly seen: Seen;
  readonly outcome: 'stopped' | 'had finished' | 'still running' | 'refused' | 'gone';
  /** Seconds from its signal until it was seen to be over. */
  readonly seconds: number | null;
  /** Why it was not signalled, or what it does now. */
  readonly remark: string | null;
}

interface Told {
  readonly outcomes: readonly SessionOutcome[];
  /** Sessions that waited behind them when the signals were sent, and how many of these go on. */
  readonly waited: number;
  readonly freed: number;
  readonly instance: string;
  readonly environment: string;
}

/** A row for each session, and what became of all of them as its title. */
export function groupReceipt(kind: SignalKind, told: Told): GroupReceipt {
  return {
    kind: 'table',
    title: titleOf(kind, told),
    columns: [
      { key: 'pid', title: 'Pid', type: 'code' },
      { key: 'application', title: 'Application' },
      { key: 'user', title: 'User' },
      { key: 'database', title: 'Database' },
      { key: 'outcome', title: 'Outcome', type: 'state' },
      { key: 'duration', title: 'Took', type: 'duration' },
      { key: 'remark', title: 'Remark' },
    ],
    rows: told.outcomes.map(({ seen, outcome, seconds, remark }) => ({
      pid: seen.pid,
      application: seen.application,
      user: seen.user,
      database: seen.database,
      outcome,
      duration: seconds === null ? null : Math.round(seconds * 1000) / 1000,
      remark,
    })),
    notes: notesOf(kind, told),
  };
}

function titleOf(kind: SignalKind, { outcomes, waited, freed }: Told): string {
  const of = (wanted: SessionOutcome['outcome']): number => outcomes.filter(({ outcome }) => outcome === wanted).length;
  const what = kind.sends === 'pg_cancel_backend' ? 'queries' : 'sessions';
  const stopped = of('stopped');
  const others = [
    [of('had finished'), 'had finished'],
    [of('gone'), 'gone, by whom was not seen'],
    [of('still running'), 'still running'],
    [of('refused'), 'refused'],
  ] as const;
  return [
    `Stopped ${stopped} of ${outcomes.length} ${what}`,
    ...others.flatMap(([count, words]) => (count === 0 ? [] : [`${count} ${words}`])),
    ...(waited === 0 || stopped === 0
      ? []
      : [
          `${freed}${freed < waited ? ` of ${waited}` : ''} waiting ${freed === 1 && freed === waited ? 'session' : 'sessions'} freed`,
        ]),
  ].join(', ');
}

function notesOf(kind: SignalKind, { outcomes, waited, freed, instance, environment }: Told): string[] {
  const notes: string[] = [];
  const running = outcomes.filter(({ outcome }) => outcome === 'still running');
  const [first] = running;
  if (first !== undefined && kind.sends === 'pg_cancel_backend') {
    const command = commandLine('terminate-session', { instance, pid: first.seen.pid, env: environment });
    notes.push(`${counted(running.length, 'session')} did not heed the signal. To end one of them: ${command}`);
  } else if (first !== undefined) notes.push('The signals stay in force: a session ends when it next looks for signals.');
  const stopped = outcomes.some(({ outcome }) => outcome === 'stopped');
  if (stopped && freed < waited) {
    notes.push(`See who still waits, and on whom: ${commandLine('blocking', { instance, env: environment })}`);
  }
  return notes;
}
