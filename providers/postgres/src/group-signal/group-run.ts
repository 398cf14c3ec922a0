import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '@guichet/contract';
import { type ObservationInput, PermanentFailure } from '@guichet/sdk';
import type { Instance } from '../estate.ts';
import type { QueryMask } from '../query-mask.ts';
import type { Seen } from '../seen.ts';
import { type Found, isOver, lookAtAll, type Sending, sendSignals } from '../send-signal.ts';
import { readSessions } from '../sessions.ts';
import type { SignalKind } from '../signal-kind.ts';
import type { Voice } from '../signal-run.ts';
import { freedSessions, waitingBehind } from '../waiting-behind.ts';
import { counted } from '../words.ts';
import { type GroupReceipt, groupReceipt, type SessionOutcome } from './group-receipt.ts';
import { SeenGroup } from './seen-group.ts';

interface GroupRun {
  readonly instance: Instance;
  /** From the plan, as the gateway kept it. */
  readonly seen: unknown;
  readonly mask: QueryMask;
  /** So long each session may take to heed its signal. */
  readonly watchSeconds: number;
  readonly voice: Voice;
}

/** Sends the signal once to each that was seen, watches what comes of it, and says so. Rejects with an InstanceError. */
export async function runGroup(kind: SignalKind, run: GroupRun): Promise<GroupReceipt> {
  const { instance, seen, mask, voice } = run;
  const targets = boundTargets(seen);
  const pids = targets.map(({ pid }) => pid);
  const behind = waitingBehind(pids, await readSessions(instance, mask));
  voice.signal.throwIfAborted();
  const sendings = await send(kind, targets, run);
  const signalled = targets.filter((target) => sendings.get(target) === 'sent');
  voice.log(`Sent the signal to ${signalled.length} of ${counted(targets.length, 'session')}; watching what becomes of them.`);
  const heeded = await watch(kind, signalled, run);
  const now = await lookAtAll(instance, targets);
  const outcomes = targets.map((target, index) =>
    outcomeOf(target, { sending: sendings.get(target), seconds: heeded.get(target), found: now[index] ?? 'gone' }),
  );
  for (const { seen: target, outcome, seconds } of outcomes) {
    const after = seconds === null ? '' : ` after ${formatDuration(seconds)}`;
    voice.log(`${target.who} (pid ${target.pid}): ${outcome}${after}`);
  }
  const freed = heeded.size === 0 ? 0 : await freedSessions(instance, behind, voice);
  return groupReceipt(kind, {
    outcomes,
    waited: behind.all.size,
    freed,
    instance: instance.name,
    environment: voice.environment,
  });
}

/** What became of a run whose end nobody saw. Rejects with an InstanceError. */
export async function observeGroup(
  kind: SignalKind,
  { instance, seen, environment }: { instance: Instance; seen: unknown; environment: string },
): Promise<ObservationInput> {
  const targets = boundTargets(seen);
  const found = await lookAtAll(instance, targets);
  // Never signalled, or not heeded yet: a second run signals these, finds the others gone, and hits nobody else.
  if (found.includes('same')) return { status: 'not_started' };
  const outcomes = targets.map((target, index): SessionOutcome => {
    if (isOver(kind, found[index] ?? 'gone')) return { seen: target, outcome: 'gone', seconds: null, remark: null };
    return { seen: target, outcome: 'had finished', seconds: null, remark: MOVED_ON };
  });
  const output = groupReceipt(kind, { outcomes, waited: 0, freed: 0, instance: instance.name, environment });
  return { status: 'succeeded', output };
}

const MOVED_ON = 'at something else by then; not signalled';

function boundTargets(seen: unknown): readonly Seen[] {
  const parsed = SeenGroup.safeParse(seen);
  if (parsed.success) return parsed.data.sessions;
  throw new PermanentFailure('The run names nothing that a plan has seen, so there is nothing to bind a signal to.', {
    remedy: 'File the request again.',
  });
}

async function send(kind: SignalKind, targets: readonly Seen[], { instance, voice }: GroupRun): Promise<Map<Seen, Sending>> {
  const sendings = new Map<Seen, Sending>();
  try {
    await sendSignals(kind, { instance, targets, signal: voice.signal }, (target, sending) => sendings.set(target, sending));
  } catch (error) {
    if (!voice.signal.aborted) throw error;
    const sent = [...sendings.values()].filter((sending) => sending === 'sent').length;
    throw new PermanentFailure(`The run was stopped when ${sent} of ${counted(targets.length, 'signal')} had been sent.`, {
      remedy: 'Look at the activity of the instance to see what became of the sessions.',
      cause: error,
    });
  }
  return sendings;
}

/** The seconds after which each of them was seen to be over; who has not heeded the signal in time is not among them. */
async function watch(
  kind: SignalKind,
  signalled: readonly Seen[],
  { instance, watchSeconds, voice }: GroupRun,
): Promise<Map<Seen, number>> {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const over = new Map<Seen, number>();
  let told = 0;
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 500)) {
    const left = signalled.filter((target) => !over.has(target));
    const found = await lookAtAll(instance, left);
    left.forEach((target, index) => {
      if (isOver(kind, found[index] ?? 'gone')) over.set(target, seconds());
    });
    if (over.size === signalled.length || seconds() > watchSeconds) return over;
    if (Math.floor(seconds()) > told) {
      told = Math.floor(seconds());
      const waiting = signalled.length - over.size;
      voice.progress({ message: `Waiting for ${counted(waiting, 'session')}`, done: over.size, total: signalled.length });
    }
    await sleep(pause, undefined, { signal: voice.signal }).catch(() => {
      const what = `${counted(signalled.length, 'signal')} ${signalled.length === 1 ? 'was' : 'were'} sent`;
      throw new PermanentFailure(`${what}, but the run was stopped before all had been heeded.`, {
        remedy: 'Look at the activity of the instance to see what became of the sessions.',
      });
    });
  }
}

interface Known {
  readonly sending: Sending | undefined;
  readonly seconds: number | undefined;
  readonly found: Found;
}

function outcomeOf(seen: Seen, { sending, seconds, found }: Known): SessionOutcome {
  if (typeof sending === 'object') return { seen, outcome: 'refused', seconds: null, remark: sending.refusedBecause };
  if (sending !== 'sent') {
    const remark = found === 'gone' ? 'its session has ended; not signalled' : MOVED_ON;
    return { seen, outcome: 'had finished', seconds: null, remark };
  }
  if (seconds === undefined) return { seen, outcome: 'still running', seconds: null, remark: 'has not heeded the signal' };
  return { seen, outcome: 'stopped', seconds, remark: null };
}
