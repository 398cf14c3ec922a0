import { useNavigate } from '@tanstack/react-router';
import { ListChecks, Send } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { useKeys } from '../../app/keys.ts';
import { useMessages } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { Panel } from '../../ui/page.tsx';
import { ErrorNote } from '../../ui/states.tsx';
import { tell } from '../../ui/toast.tsx';
import { ElsewherePanel } from './elsewhere-panel.tsx';
import { useLeaveGuard } from './leave-guard.tsx';
import type { StepsProps } from './steps.ts';
import { useWrite } from './use-write.ts';
import { ReviewedPlan, TermsFields } from './write-steps.tsx';

/** A write: its form, why and when, its plan in words, and only then is it sent. */
export function WriteSteps({ action, form, environment, reason, fields, onMissing }: StepsProps): ReactNode {
  const m = useMessages().actions;
  const navigate = useNavigate();
  const write = useWrite({ action, environment, form, reason });
  const { reviewed, isCurrent, busy, error, terms, lastsSeconds } = write;
  const { allow, question } = useLeaveGuard(form.isDirty || write.isDirty);
  const planned = useRef<HTMLDivElement>(null);
  const isReady = reviewed !== undefined && isCurrent;
  const effect = reviewed?.planned.decision.effect;
  // Who has asked for the plan is brought to it, also without eyes.
  useEffect(() => {
    if (reviewed === undefined) return;
    planned.current?.focus({ preventScroll: true });
    planned.current?.closest('section')?.scrollIntoView({ block: 'start' });
  }, [reviewed]);

  const review = (): void => {
    if (environment === undefined) onMissing();
    void write.review();
  };
  const submit = async (): Promise<void> => {
    const request = await write.submit();
    if (request === undefined) return;
    form.settle();
    allow();
    tell(m.submitted(request.id));
    await navigate({ to: '/requests/$request', params: { request: request.id } });
  };
  const canSubmit = isReady && effect !== 'deny';
  useKeys({
    'mod+enter': {
      label: m.keys.run,
      run: () => (canSubmit ? void submit() : review()),
      enabled: action.available && busy === undefined,
    },
  });
  return (
    <>
      <Panel>
        <div className="flex flex-col gap-4">{fields}</div>
      </Panel>
      <Panel title={m.terms}>
        <TermsFields write={write} action={action} />
        <div className="mt-4 flex flex-wrap items-center gap-2">
          <Button
            look={canSubmit ? 'secondary' : 'primary'}
            icon={ListChecks}
            busy={busy === 'review'}
            disabled={!action.available}
            {...(!canSubmit && { keys: 'mod+Enter' })}
            onClick={review}
          >
            {reviewed === undefined ? m.review : m.reviewAgain}
          </Button>
          <span role="status" className="text-sm text-soft">
            {busy === 'review' ? m.reviewing : ''}
          </span>
        </div>
        {reviewed === undefined && error !== undefined && <ErrorNote error={error} className="mt-3" />}
      </Panel>
      {reviewed !== undefined && environment !== undefined && (
        <Panel title={m.plan} className="scroll-mt-16">
          {/* biome-ignore lint/a11y/useSemanticElements: its heading is that of the panel */}
          <div ref={planned} role="group" tabIndex={-1} aria-label={m.plan} className="flex flex-col gap-4 outline-none">
            <ReviewedPlan write={write} action={action} environment={environment} />
            {canSubmit && (
              <div>
                <Button
                  look={action.risk === 'destructive' ? 'danger' : 'primary'}
                  icon={Send}
                  keys="mod+Enter"
                  busy={busy === 'submit'}
                  disabled={!action.available}
                  onClick={() => void submit()}
                >
                  {effect === 'needs' ? m.submitForApproval : m.submitNow}
                </Button>
              </div>
            )}
          </div>
        </Panel>
      )}
      {environment !== undefined && (
        <ElsewherePanel
          call={{
            action,
            environment,
            shown: form.shown,
            reason: terms.reason.trim(),
            lastsSeconds,
            startAt: terms.startAt,
          }}
        />
      )}
      {question}
    </>
  );
}
