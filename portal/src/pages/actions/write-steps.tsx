import type { Action } from '@guichet/contract';
import { type ReactNode, useState } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { localTime } from '../../schema-form/text-field.tsx';
import { Field, TextArea, TextInput } from '../../ui/field.tsx';
import { duration } from '../../ui/format.ts';
import { ErrorNote, Note } from '../../ui/states.tsx';
import { PlanDifference } from './plan-difference.tsx';
import { PlanView } from './plan-view.tsx';
import type { Write } from './use-write.ts';

/** Why, for how long, from when. */
export function TermsFields({
  write,
  action,
  isBrief = false,
}: {
  readonly write: Write;
  readonly action: Action;
  /** In a dialog: all but why is behind a line. */
  readonly isBrief?: boolean;
}): ReactNode {
  const m = useMessages().actions;
  const { terms, setTerms, termsProblem, lastsSeconds } = write;
  const reasonWrong = { needed: m.reasonNeeded, short: m.reasonShort } as const;
  const { reason, lasts, startAt } = termsProblem;
  const { lasts: span } = action;
  const [zone] = useState(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
  const when = (
    <div className="grid gap-4 sm:grid-cols-2">
      {action.undo !== undefined && (
        <Field
          label={m.lasts}
          about={
            <>
              {span === undefined ? m.lastsAbout : m.lastsDefault(duration(span.default), duration(span.most))}
              {lastsSeconds !== undefined && ` = ${duration(lastsSeconds)}`}
            </>
          }
          {...(lasts !== undefined && { error: lasts === 'long' && span ? m.lastsLong(duration(span.most)) : m.lastsWrong })}
        >
          <TextInput
            value={terms.lasts}
            autoComplete="off"
            placeholder={span === undefined ? '2h' : duration(span.default)}
            onChange={(event) => setTerms({ ...terms, lasts: event.target.value })}
          />
        </Field>
      )}
      <Field label={m.startAt} about={m.startAtAbout(zone)} {...(startAt !== undefined && { error: m.startAtPast })}>
        <TextInput
          type="datetime-local"
          value={terms.startAt === '' ? '' : localTime(terms.startAt).slice(0, 16)}
          onChange={(event) => {
            const at = new Date(event.target.value);
            setTerms({ ...terms, startAt: Number.isNaN(at.getTime()) ? '' : at.toISOString() });
          }}
        />
      </Field>
    </div>
  );
  // What is wrong in there has to be seen; what always has an end begins with it.
  const opensWhen = lasts !== undefined || startAt !== undefined || span !== undefined;
  return (
    <div className="flex flex-col gap-4">
      <Field
        label={m.reason}
        about={m.reasonAbout}
        {...((reason === 'needed' || reason === 'short') && { error: reasonWrong[reason] })}
      >
        <TextArea rows={2} value={terms.reason} onChange={(event) => setTerms({ ...terms, reason: event.target.value })} />
      </Field>
      {isBrief && !opensWhen ? (
        <details>
          <summary className="w-fit text-sm text-soft hover:text-ink">{m.when}</summary>
          <div className="pt-2">{when}</div>
        </details>
      ) : (
        when
      )}
    </div>
  );
}

/** The plan of what stands in the form, and what has changed since. */
export function ReviewedPlan({
  write,
  action,
  environment,
}: {
  readonly write: Write;
  readonly action: Action;
  readonly environment: string;
}): ReactNode {
  const m = useMessages().actions;
  const { reviewed, isCurrent, error, terms, lastsSeconds } = write;
  return (
    <div className="flex flex-col gap-3">
      {error !== undefined && <ErrorNote error={error} />}
      {reviewed?.before !== undefined && <PlanDifference was={reviewed.before} is={reviewed.planned.plan} />}
      {reviewed !== undefined && !isCurrent && <Note tone="warn">{m.changedSince}</Note>}
      {reviewed !== undefined && isCurrent && (
        <PlanView
          planned={reviewed.planned}
          action={action}
          environment={environment}
          lastsSeconds={lastsSeconds ?? action.lasts?.default}
          startAt={terms.startAt === '' ? undefined : terms.startAt}
        />
      )}
    </div>
  );
}
