import { setTimeout as sleep } from 'node:timers/promises';
import type { OutputInput, RecordOutput } from '@guichet/contract';
import { formatDuration } from '@guichet/contract';
import { type ObservationInput, PermanentFailure, type RunContext } from '@guichet/sdk';
import type { z } from 'zod';
import { commandLine } from './describe-session.ts';
import type { Instance } from './estate.ts';
import type { QueryMask } from './query-mask.ts';
import { Seen } from './seen.ts';
import { type Found, isStopped, lookAgain, sendSignal } from './send-signal.ts';
import { readSessions } from './sessions.ts';
import type { SignalKind } from './signal-kind.ts';
import { freedSessions, waitingBehind } from './waiting-behind.ts';
import { counted } from './words.ts';

type Receipt = Extract<OutputInput, { kind: 'record' }>;
type Field = z.input<typeof RecordOutput>['fields'][number];
/** What a run says, and hears, while it goes on. */
export type Voice = Pick<RunContext<z.ZodObject, Seen>, 'log' | 'progress' | 'signal' | 'environment'>;

interface SignalRun {
  readonly instance: Instance;
  /** From the plan, as the gateway kept it. */
  readonly seen: unknown;
  readonly mask: QueryMask;
  /** So long the session may take to heed the signal; the time limit of the action is longer. */
  readonly watchSeconds: number;
  readonly voice: Voice;
}

/** Sends the signal to what was seen, watches what comes of it, and says so. Rejects with an InstanceError. */
export async function runSignal(kind: SignalKind, { instance, seen, mask, watchSeconds, voice }: SignalRun): Promise<Receipt> {
  const target = boundTarget(seen);
  const behind = waitingBehind([target.pid], await readSessions(instance, mask));
  voice.signal.throwIfAborted();
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const receipt = (outcome: Outcome & { seconds: number }): Receipt =>
    receiptOf(kind, { ...outcome, target, instance, environment: voice.environment });
  if (!(await sendSignal(kind, instance, target))) {
    const found = await lookAgain(instance, target);
    voice.log(`Nothing was signalled: ${target.who} (pid ${target.pid}) is not at what was seen any more.`);
    return receipt({ outcome: 'had finished', found, waited: 0, freed: 0, seconds: seconds() });
  }
  voice.log(`Sent the signal to ${target.who} (pid ${target.pid}); watching what becomes of it.`);
  if (!(await heeded(kind, { instance, target, watchSeconds, voice }))) {
    return receipt({ outcome: 'still running', waited: behind.all.size, freed: 0, seconds: seconds() });
  }
  const heededAfter = seconds();
  voice.log(`${capital(kind.target)} of ${target.who} (pid ${target.pid}) ${kind.done}.`);
  const freed = await freedSessions(instance, behind, voice);
  if (behind.all.size > 0) voice.log(`${counted(freed, 'session')} of ${behind.all.size} that waited behind it can go on.`);
  return receipt({ outcome: 'stopped', waited: behind.all.size, freed, seconds: heededAfter });
}

/** What became of a run whose end nobody saw. Rejects with an InstanceError. */
export async function observeSignal(
  kind: SignalKind,
  { instance, seen, environment }: { instance: Instance; seen: unknown; environment: string },
): Promise<ObservationInput> {
  const target = boundTarget(seen);
  const found = await lookAgain(instance, target);
  if (found === 'same' || (found === 'moved on' && target.boundTo === 'session')) {
    // Never signalled, or not heeded yet: signalling what is bound again hits nobody else.
    return { status: 'not_started' };
  }
  const output = receiptOf(kind, { outcome: 'gone', target, instance, environment, waited: 0, freed: 0 });
  return { status: 'succeeded', output };
}

function boundTarget(seen: unknown): Seen {
  const parsed = Seen.safeParse(seen);
  if (parsed.success) return parsed.data;
  throw new PermanentFailure('The run names nothing that a plan has seen, so there is nothing to bind a signal to.', {
    remedy: 'File the request again.',
  });
}

/** Polls: pg_terminate_backend can wait by itself since 14, but not be cancelled meanwhile, nor tell how far it is. */
async function heeded(
  kind: SignalKind,
  { instance, target, watchSeconds, voice }: Omit<SignalRun, 'seen' | 'mask'> & { readonly target: Seen },
): Promise<boolean> {
  const began = performance.now();
  let told = 0;
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 500)) {
    if (await isStopped(kind, instance, target)) return true;
    const waited = performance.now() - began;
    if (waited > watchSeconds * 1000) return false;
    const seconds = Math.floor(waited / 1000);
    if (seconds > told) {
      told = seconds;
      voice.progress({ message: `Waiting for pid ${target.pid} to heed it`, done: seconds, total: watchSeconds });
    }
    await pauseOrGiveUp(pause, voice.signal, target);
  }
}

async function pauseOrGiveUp(milliseconds: number, signal: AbortSignal, { who, pid }: Seen): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    throw new PermanentFailure(`The signal was sent to ${who} (pid ${pid}), but the run was stopped before it was heeded.`, {
      remedy: 'Look at the activity of the instance to see what became of it.',
    });
  });
}

interface Outcome {
  /** `gone`: it is not there any more, and whether by this run is not known. */
  readonly outcome: 'stopped' | 'had finished' | 'still running' | 'gone';
  readonly found?: Found;
  /** Sessions that waited behind it when the signal was sent. */
  readonly waited: number;
  readonly freed: number;
}

interface Told extends Outcome {
  readonly target: Seen;
  readonly instance: Instance;
  readonly environment: string;
  readonly seconds?: number;
}

function receiptOf(kind: SignalKind, told: Told): Receipt {
  const { outcome, target, instance, waited, freed, seconds } = told;
  const fields: Field[] = [
    { key: 'outcome', title: 'Outcome', type: 'state', value: outcome },
    { key: 'application', title: 'Application', value: target.application },
    { key: 'pid', title: 'Pid', type: 'code', value: target.pid },
    { key: 'user', title: 'User', value: target.user },
    { key: 'database', title: 'Database', value: target.database },
    { key: 'instance', title: 'Instance', value: instance.name },
    { key: 'freed', title: 'Sessions freed', type: 'number', value: freed },
    { key: 'waited', title: 'Had waited behind it', type: 'number', value: waited },
  ];
  if (seconds !== undefined) {
    fields.push({ key: 'duration', title: 'Took', type: 'duration', value: Math.round(seconds * 1000) / 1000 });
  }
  const notes = notesOf(kind, told);
  return { kind: 'record', summary: summaryOf(kind, told), fields, ...(notes.length > 0 && { notes }) };
}

function summaryOf(kind: SignalKind, { outcome, target, seconds = 0, waited, freed, found }: Told): string {
  const whose = `${kind.target} of ${target.who} (pid ${target.pid})`;
  switch (outcome) {
    case 'stopped': {
      const of = freed < waited ? ` of ${waited}` : '';
      const effect = waited === 0 ? '' : `, ${freed}${of} waiting ${freed === 1 && of === '' ? 'session' : 'sessions'} freed`;
      return `Stopped: ${whose} ${kind.done} after ${formatDuration(seconds)}${effect}`;
    }
    case 'had finished':
      return found === 'moved on'
        ? `Had finished: ${target.who} (pid ${target.pid}) does something else by now; nothing was signalled`
        : `Had finished: ${target.who} (pid ${target.pid}) is gone; nothing was signalled`;
    case 'still running':
      return `Still running: ${whose} has not heeded the signal within ${formatDuration(seconds)}`;
    case 'gone':
      return `${capital(whose)} is not there any more; whether this run stopped it was not seen`;
  }
}

function notesOf(kind: SignalKind, { outcome, target, instance, environment, freed, waited }: Told): string[] {
  const place = { instance: instance.name, env: environment };
  if (outcome === 'still running' && kind.action === 'cancel-query') {
    return [
      `End its session: ${commandLine('terminate-session', { instance: instance.name, pid: target.pid, env: environment })}`,
    ];
  }
  if (outcome === 'still running') return ['The signal stays in force: it ends when it next looks for signals.'];
  if (outcome === 'stopped' && freed < waited) return [`See who still waits, and on whom: ${commandLine('blocking', place)}`];
  return [];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
