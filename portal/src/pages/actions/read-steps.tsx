import { Play } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { useKeys } from '../../app/keys.ts';
import { useMessages } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { Panel } from '../../ui/page.tsx';
import { ElsewherePanel } from './elsewhere-panel.tsx';
import { useLeaveGuard } from './leave-guard.tsx';
import { ReadAnswer } from './read-answer.tsx';
import type { StepsProps } from './steps.ts';
import { useReading } from './use-reading.ts';

/** A read: its form, a button, its answer. */
export function ReadSteps({ action, form, environment, fields, onMissing }: StepsProps): ReactNode {
  const m = useMessages().actions;
  const reading = useReading(action);
  const { question: leaving } = useLeaveGuard(form.isDirty && reading.answer === undefined);
  const { refuse } = form;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each error is told once, when it comes
  useEffect(() => {
    if (reading.error !== undefined) refuse(reading.error);
  }, [reading.error]);
  const run = (): void => {
    if (environment === undefined) onMissing();
    if (form.check() && environment !== undefined) reading.ask({ environment, input: form.input });
  };
  useKeys({ 'mod+enter': { label: m.keys.run, run, enabled: action.available } });
  return (
    <>
      <Panel>
        <div className="flex flex-col gap-4">
          {fields}
          <div>
            <Button
              look="primary"
              icon={Play}
              keys="mod+Enter"
              busy={reading.isAsking}
              disabled={!action.available}
              onClick={run}
            >
              {reading.answer === undefined ? m.run : m.runAgain}
            </Button>
          </div>
        </div>
      </Panel>
      <ReadAnswer action={action} reading={reading} />
      {environment !== undefined && <ElsewherePanel call={{ action, environment, shown: form.shown }} />}
      {leaving}
    </>
  );
}
