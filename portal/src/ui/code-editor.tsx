import { CircleAlert, TriangleAlert } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useRef } from 'react';
import { useMessages } from '../messages/index.tsx';
import type { CodeLanguage } from './code-language.ts';

/** What is wrong at a place of the text; lines and columns count from 1. */
export interface CodeProblem {
  readonly line: number;
  readonly column?: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly remedy?: string | undefined;
}

/** What can be asked of an editor that is on the screen. */
export interface CodeEditorHandle {
  readonly focus: () => void;
  /** Puts the cursor there, in sight. */
  readonly goTo: (line: number, column?: number) => void;
}

export interface CodeEditorProps {
  /** Its accessible name. Labels outside do not reach into the shadow root that it lives in. */
  readonly label: string;
  readonly value: string;
  readonly onChange?: (value: string) => void;
  readonly language?: CodeLanguage;
  /** Marked in the text and listed below it. */
  readonly problems?: readonly CodeProblem[];
  readonly readOnly?: boolean;
  readonly invalid?: boolean;
  readonly placeholder?: string;
  /** Lines that it is high when there is less in it; it grows up to a part of the window. */
  readonly minLines?: number;
  /** `mod+Enter` in it. */
  readonly onSubmit?: () => void;
  readonly onBlur?: () => void;
  /** Filled with what can be asked of it: `const editor = useRef<CodeEditorHandle>(null)`. */
  readonly handle?: { current: CodeEditorHandle | null };
}

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
