import { formatDuration, type OutputInput } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { type ObservationInput, type PlanResult, refuse } from '@guichet/sdk';
import pg from 'pg';
import { findDatabase } from '../contents/find-database.ts';
import type { Instance } from '../instance.ts';
import { primaryOnly } from '../maintenance/primary-only.ts';
import { counted } from '../words.ts';
import { checkDatabase, checkRole, type Level, type LevelNow, nameOfLevel, readLevel } from './levels.ts';

type Receipt = Extract<OutputInput, { kind: 'record' }>;

export interface TimeoutWanted extends Level {
  readonly instance: Instance;
  readonly environment: string;
  /** In ms; 0 is no limit; null takes the setting away. */
  readonly timeout: number | null;
}

/** What was set before, which is what undoes it. */
export interface TimeoutSeen {
  readonly before: number | null;
}

/** `30s`, `no limit`. */
export function inWords(timeout: number): string {
  return timeout === 0 ? 'no limit' : formatDuration(timeout / 1000);
}

/** Rejects with an InstanceError. */
export async function planTimeout(wanted: TimeoutWanted): Promise<PlanResult<TimeoutSeen>> {
  const { instance, environment, timeout, role, database } = wanted;
  if (role === undefined && database === undefined) {
    return refuse('Neither a role nor a database is named.', { remedy: 'Give --role, --database, or both.' });
  }
  await primaryOnly(instance);
  if (role !== undefined) await checkRole(instance, role);
  if (database !== undefined) await findDatabase(instance, { name: database, environment });
  if (database !== undefined && role === undefined) await checkDatabase(instance, database);
  const now = await readLevel(instance, wanted);
  const level = nameOfLevel(wanted);
  return {
    summary:
      timeout === null
        ? `Take the statement timeout of ${level} on '${instance.name}' away`
        : `Set the statement timeout of ${level} on '${instance.name}' to ${inWords(timeout)}`,
    effects: effectsOf(now, timeout),
    warnings: warningsOf(now, timeout),
    resource: {
      type: role === undefined ? 'postgres.database' : 'postgres.role',
      id: [instance.name, role, database].filter((part) => part !== undefined).join('/'),
      owner: instance.settings.owner,
    },
    fingerprint: digestOf({
      instance: instance.name,
      role: role ?? null,
      database: database ?? null,
      timeout,
      before: now.timeout,
    }),
    seen: { before: now.timeout },
  };
}

function effectsOf({ timeout: before, otherwise, sessions }: LevelNow, timeout: number | null): string[] {
  const usual = `${inWords(otherwise.timeout)}, from ${otherwise.from}`;
  const was = before === null ? `Nothing is set there now: what holds is ${usual}.` : `It is ${inWords(before)} now.`;
  return [
    before === timeout ? `${was} So it is already.` : was,
    ...(timeout === null && before !== null ? [`What holds then is ${usual}.`] : []),
    `Sessions that begin from then on have it${sessions === 0 ? '.' : `; ${counted(sessions, 'session')} that ${sessions === 1 ? 'is open keeps' : 'are open keep'} what ${sessions === 1 ? 'it has' : 'they have'}.`}`,
    'An application may set its own in a session, which wins.',
  ];
}

/** Below this, backups, migrations and reports of the same role are ended as well. In ms. */
const SHORT = 60_000;
const MOST_NAMED = 5;

function warningsOf({ overridden }: LevelNow, timeout: number | null): string[] {
  const named = overridden.slice(0, MOST_NAMED).join(', ');
  return [
    ...(overridden.length === 0
      ? []
      : [`It does not hold for ${named}${overridden.length > MOST_NAMED ? ' and others' : ''}: what is set there wins.`]),
    ...(timeout === null || timeout === 0 || timeout > SHORT
      ? []
      : ['Every longer statement ends with an error: migrations, reports and exports of it too.']),
  ];
}

/** Sets it, and says what is there by then. Rejects with an InstanceError. */
export async function setTimeoutOf(wanted: TimeoutWanted, seen: TimeoutSeen): Promise<Receipt> {
  const { instance, timeout } = wanted;
  await instance.admin.ask({ text: statementOf(wanted) });
  const { timeout: now } = await readLevel(instance, wanted);
  return receiptOf(wanted, { before: seen.before, now, timeout });
}

function statementOf({ role, database, timeout }: TimeoutWanted): string {
  const to = timeout === null ? 'reset statement_timeout' : `set statement_timeout = ${pg.escapeLiteral(`${timeout}ms`)}`;
  if (role === undefined) return `alter database ${pg.escapeIdentifier(database ?? '')} ${to}`;
  const within = database === undefined ? '' : ` in database ${pg.escapeIdentifier(database)}`;
  return `alter role ${pg.escapeIdentifier(role)}${within} ${to}`;
}

/** What became of a run whose end nobody saw. Rejects with an InstanceError. */
export async function observeTimeout(wanted: TimeoutWanted, { before }: TimeoutSeen): Promise<ObservationInput> {
  const { timeout: now } = await readLevel(wanted.instance, wanted);
  if (now === wanted.timeout) {
    return { status: 'succeeded', output: receiptOf(wanted, { before, now, timeout: wanted.timeout }) };
  }
  if (now === before) return { status: 'not_started' };
  return { status: 'unknown', message: `It is ${now === null ? 'not set' : inWords(now)} now: somebody else has changed it.` };
}

function receiptOf(
  wanted: TimeoutWanted,
  { before, now, timeout }: { before: number | null; now: number | null; timeout: number | null },
): Receipt {
  const level = nameOfLevel(wanted);
  return {
    kind: 'record',
    summary:
      timeout === null
        ? `The statement timeout of ${level} is not set any more`
        : `The statement timeout of ${level} is ${inWords(timeout)}`,
    fields: [
      { key: 'instance', title: 'Instance', value: wanted.instance.name },
      { key: 'role', title: 'Role', value: wanted.role ?? null },
      { key: 'database', title: 'Database', value: wanted.database ?? null },
      { key: 'before', title: 'Before', value: before === null ? 'not set' : inWords(before) },
      { key: 'now', title: 'Now', value: now === null ? 'not set' : inWords(now) },
    ],
    notes: ['Sessions that are open keep what they have: a pool of connections has to be renewed.'],
  };
}
