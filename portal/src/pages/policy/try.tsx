import type { PolicyCaseResult, PolicyTested } from '@guichet/contract';
import { CircleCheck, CircleX, FlaskConical, Play } from 'lucide-react';
import type { ReactNode } from 'react';
import { useCall } from '../../api/use-call.ts';
import { useKeys } from '../../app/keys.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { CodeEditor } from '../../ui/code-editor.tsx';
import { Code } from '../../ui/copy.tsx';
import { Panel } from '../../ui/page.tsx';
import { EmptyState, ErrorNote } from '../../ui/states.tsx';
import { DecidingRules, DecisionWords } from './decision-words.tsx';
import { changeDrafts, useDrafts } from './drafts.ts';
import { Findings } from './findings.tsx';
import { PolicyFiles, problemsOf } from './policy-files.tsx';
import { PolicyPage } from './policy-page.tsx';
import { shortDigest } from './short-digest.ts';

const CASES = 'cases.yaml';

/** Cases that say what must be decided, run against the rules in force or against others. */
export function PolicyTry(): ReactNode {
  const m = useMessages().policy.try;
  const { cases, files } = useDrafts();
  const test = useCall('policy.test');
  const findings = test.data?.findings ?? [];
  const run = (): void =>
    test.mutate({
      body: { files: [{ path: CASES, text: cases }], ...(files.length > 0 && { policies: [...files] }) },
    });
  useKeys({ 'mod+enter': { label: m.run, run, enabled: !test.isPending } });
  return (
    <PolicyPage current="try" wide>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-4">
          <Panel
            title={m.cases}
            actions={
              <Button size="sm" look="primary" icon={Play} keys="mod+enter" busy={test.isPending} onClick={run}>
                {m.run}
              </Button>
            }
          >
            <p className="mb-2 text-sm text-soft">{m.casesAbout}</p>
            <CodeEditor
              label={m.cases}
              language="yaml"
              minLines={14}
              value={cases}
              onChange={(next) => changeDrafts({ cases: next })}
              onSubmit={run}
              problems={problemsOf(findings, CASES)}
            />
          </Panel>
          <PolicyFiles findings={findings.filter(({ path }) => path !== CASES)} />
        </div>
        <Panel title={m.results}>
          <div className="flex flex-col gap-3">
            <p role="status" className="flex flex-wrap items-center gap-2 text-sm empty:hidden">
              {test.data && <Summary tested={test.data} />}
            </p>
            {test.error !== null && <ErrorNote error={test.error} />}
            {test.data === undefined && test.error === null && (
              <EmptyState icon={FlaskConical} title={m.empty}>
                {m.emptyText}
              </EmptyState>
            )}
            {test.data && <Results tested={test.data} hasFiles={files.length > 0} />}
          </div>
        </Panel>
      </div>
    </PolicyPage>
  );
}

function Results({ tested, hasFiles }: { readonly tested: PolicyTested; readonly hasFiles: boolean }): ReactNode {
  const m = useMessages().policy.try;
  const { results, findings } = tested;
  // Those that are wrong first: they are what somebody looks for.
  const sorted = results.toSorted((a, b) => Number(a.passed) - Number(b.passed));
  return (
    <>
      {findings.length > 0 && <Findings findings={findings} />}
      <ul className="flex flex-col">
        {sorted.map((result) => (
          <Result key={`${result.path}:${result.line}`} result={result} />
        ))}
      </ul>
      <div>
        <p className="mb-1 text-xs text-faint">{m.command}</p>
        <Code text={`guichet policy test ${CASES}${hasFiles ? ' --policies policies' : ''}`} label={m.command} />
      </div>
    </>
  );
}

function Summary({ tested: { passed, failed, results, digest } }: { readonly tested: PolicyTested }): ReactNode {
  const m = useMessages().policy.try;
  if (results.length === 0) return m.findings;
  return (
    <>
      <Badge tone="good">{m.passed(passed)}</Badge>
      {failed > 0 && <Badge tone="bad">{m.failed(failed)}</Badge>}
      {digest !== null && <span className="font-mono text-xs text-faint">{m.set(shortDigest(digest))}</span>}
    </>
  );
}

function Result({ result }: { readonly result: PolicyCaseResult }): ReactNode {
  const m = useMessages().policy;
  const { name, line, passed, expected, got, rules, difference } = result;
  return (
    <li className="flex gap-2 border-b border-line py-2 text-sm last:border-b-0">
      {passed ? (
        <CircleCheck size={15} aria-hidden className="mt-0.5 shrink-0 text-good" />
      ) : (
        <CircleX size={15} aria-hidden className="mt-0.5 shrink-0 text-bad" />
      )}
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <p className="font-medium">
          <span className="sr-only">{passed ? m.try.pass : m.try.fail}: </span>
          {name} <span className="font-mono text-xs font-normal text-faint">:{line}</span>
        </p>
        {difference !== null && (
          <p className="text-bad">
            {m.try.expected(m.effects[expected.effect])} {difference}
          </p>
        )}
        <DecisionWords decision={got} />
        {!passed && <DecidingRules rules={rules} />}
      </div>
    </li>
  );
}
