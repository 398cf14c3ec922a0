import type { Action, GuichetError, Plan, Planned, Request } from '@guichet/contract';
import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { asProblem, gateway } from '../../api/gateway.ts';
import { parseDuration } from '../../schema-form/duration.ts';
import type { Form } from '../../schema-form/use-form.ts';

/** Why, for how long and from when, as it is typed. */
export interface Terms {
  readonly reason: string;
  readonly lasts: string;
  /** ISO 8601 in UTC; empty for as soon as it may. */
  readonly startAt: string;
}

export type TermsProblem = { readonly [Name in keyof Terms]?: 'needed' | 'short' | 'wrong' | 'long' | 'past' };

interface Reviewed {
  readonly planned: Planned;
  /** What it is the plan of: when something else stands in the form, it is none of that. */
  readonly of: string;
  /** The plan that was shown before, when this one came in its place. */
  readonly before: Omit<Plan, 'seen'> | undefined;
}

/** A write from a form to a request: it is reviewed, then it is sent, once. */
export interface Write {
  readonly terms: Terms;
  readonly setTerms: (terms: Terms) => void;
  readonly termsProblem: TermsProblem;
  readonly lastsSeconds: number | undefined;
  readonly reviewed: Reviewed | undefined;
  /** The plan is of what stands in the form now. */
  readonly isCurrent: boolean;
  readonly busy: 'review' | 'submit' | undefined;
  readonly error: GuichetError | undefined;
  readonly isDirty: boolean;
  readonly review: () => Promise<boolean>;
  readonly submit: () => Promise<Request | undefined>;
}

export interface WriteOptions {
  readonly action: Action;
  readonly environment: string | undefined;
  readonly form: Form;
  readonly reason?: string | undefined;
}

export function useWrite({ action, environment, form, reason = '' }: WriteOptions): Write {
  const queries = useQueryClient();
  const [terms, setTerms] = useState<Terms>({ reason, lasts: '', startAt: '' });
  const [isAsked, setAsked] = useState(false);
  const [reviewed, setReviewed] = useState<Reviewed>();
  const [busy, setBusy] = useState<Write['busy']>();
  const [error, setError] = useState<GuichetError>();
  const isWorking = useRef(false);
  /** One for each thing that is sent: to send it again after a cut, or by a second click, files nothing twice. */
  const kept = useRef({ body: '', key: '' });

  const lastsSeconds = terms.lasts.trim() === '' ? undefined : parseDuration(terms.lasts);
  const decision = reviewed?.planned.decision;
  const problem = problemOf(terms, { lastsSeconds, action, needsReason: decision?.effect === 'needs' });
  const of = JSON.stringify([action.id, action.version, environment, form.input, lastsSeconds]);
  const isCurrent = reviewed?.of === of;

  const plan = async (before: Reviewed['before']): Promise<Planned | undefined> => {
    if (environment === undefined) return undefined;
    const planned = await gateway.call('actions.plan', {
      params: { action: action.id },
      body: { environment, input: { ...form.input }, ...(lastsSeconds !== undefined && { lastsSeconds }) },
    });
    setReviewed({ planned, of, before });
    return planned;
  };

  /** What is asked for once at a time: a second click while it works is none. */
  const during = async <Result>(what: 'review' | 'submit', work: () => Promise<Result>): Promise<Result | undefined> => {
    if (isWorking.current) return undefined;
    isWorking.current = true;
    setBusy(what);
    setError(undefined);
    try {
      return await work();
    } catch (caught) {
      const wrong = asProblem(caught);
      form.refuse(wrong);
      setError(wrong);
      return undefined;
    } finally {
      isWorking.current = false;
      setBusy(undefined);
    }
  };

  const review = async (): Promise<boolean> => {
    const isValid = form.check();
    if (!isValid || environment === undefined || problem.lasts !== undefined || problem.startAt !== undefined) {
      setAsked(true);
      return false;
    }
    return (await during('review', () => plan(undefined))) !== undefined;
  };

  const submit = async (): Promise<Request | undefined> => {
    setAsked(true);
    if (reviewed === undefined || !isCurrent || environment === undefined || Object.keys(problem).length > 0) return undefined;
    const body = {
      action: action.id,
      environment,
      input: { ...form.input },
      ...(terms.reason.trim() !== '' && { reason: terms.reason.trim() }),
      fingerprint: reviewed.planned.plan.fingerprint,
      ...(lastsSeconds !== undefined && { lastsSeconds }),
      ...(terms.startAt !== '' && { startAt: terms.startAt }),
    };
    const text = JSON.stringify(body);
    if (kept.current.body !== text) kept.current = { body: text, key: crypto.randomUUID() };
    return during('submit', async () => {
      try {
        const request = await gateway.call('requests.submit', { body, idempotencyKey: kept.current.key });
        await queries.invalidateQueries({ queryKey: ['requests.list'] });
        return request;
      } catch (caught) {
        if (asProblem(caught).code !== 'plan.drifted') throw caught;
        await plan(reviewed.planned.plan);
        return undefined;
      }
    });
  };

  return {
    terms,
    setTerms,
    termsProblem: isAsked ? problem : {},
    lastsSeconds,
    reviewed,
    isCurrent,
    busy,
    error,
    isDirty: terms.reason !== reason || terms.lasts !== '' || terms.startAt !== '',
    review,
    submit,
  };
}

function problemOf(
  { reason, lasts, startAt }: Terms,
  {
    lastsSeconds,
    action,
    needsReason,
  }: { readonly lastsSeconds: number | undefined; readonly action: Action; readonly needsReason: boolean },
): TermsProblem {
  const given = reason.trim().length;
  const isWhole = lastsSeconds !== undefined && Number.isInteger(lastsSeconds) && lastsSeconds > 0;
  const most = action.lasts?.most ?? Number.POSITIVE_INFINITY;
  return {
    ...(given === 0 && needsReason && { reason: 'needed' as const }),
    ...(given > 0 && given < 3 && { reason: 'short' as const }),
    ...(lasts.trim() !== '' && !isWhole && { lasts: 'wrong' as const }),
    ...(isWhole && lastsSeconds > most && { lasts: 'long' as const }),
    ...(startAt !== '' && Date.parse(startAt) < Date.now() && { startAt: 'past' as const }),
  };
}
