import { CircleAlert, TriangleAlert } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useRef } from 'react';
import { useMessages } from '../messages/index.tsx';
import type { CodeEditorHandle, CodeEditorProps, CodeProblem } from './code-editor-props.ts';

const View = lazy(async () => ({ default: (await import('./code-editor-view.tsx')).CodeEditorView }));

/**
 * Text with a grammar: `<CodeEditor label="Input as JSON" language="json" value={text} onChange={setText} />`.
 *
 * Its code is loaded when the first one is drawn. Tab leaves it, as it leaves every other field. The editor writes style
 * sheets, which the policy of the page refuses as elements; in its shadow root they are adopted ones.
 */
export function CodeEditor(props: CodeEditorProps): ReactNode {
  const { problems = [], minLines = 6 } = props;
  const own = useRef<CodeEditorHandle>(null);
  const handle = props.handle ?? own;
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <Suspense fallback={<Coming lines={minLines} />}>
        <View {...props} handle={handle} />
      </Suspense>
      <Problems problems={problems} onGo={({ line, column }) => handle.current?.goTo(line, column)} />
    </div>
  );
}

function Coming({ lines }: { readonly lines: number }): ReactNode {
  const m = useMessages().ui;
  return (
    <div
      role="status"
      aria-label={m.loading}
      className="animate-pulse rounded-md border border-line-strong bg-sunken"
      style={{ height: `${lines * 20 + 10}px` }}
    />
  );
}

function Problems({
  problems,
  onGo,
}: {
  readonly problems: readonly CodeProblem[];
  readonly onGo: (problem: CodeProblem) => void;
}): ReactNode {
  const m = useMessages().ui.editor;
  return (
    <div role="status" aria-label={m.problems}>
      {problems.length > 0 && (
        <ul className="flex flex-col gap-1 text-sm">
          {problems.map((problem) => (
            <li key={`${problem.line}:${problem.column ?? 0}:${problem.message}`} className="flex items-start gap-2">
              {problem.severity === 'error' ? (
                <CircleAlert size={14} aria-hidden className="mt-0.75 shrink-0 text-bad" />
              ) : (
                <TriangleAlert size={14} aria-hidden className="mt-0.75 shrink-0 text-warn" />
              )}
              <span className="min-w-0">
                <button type="button" className="font-medium underline decoration-dotted" onClick={() => onGo(problem)}>
                  {m.line(problem.line)}
                </button>{' '}
                <span className="sr-only">{m[problem.severity]}: </span>
                {problem.message}
                {problem.remedy !== undefined && <span className="text-soft"> {problem.remedy}</span>}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
