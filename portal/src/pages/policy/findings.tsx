import type { PolicyFinding } from '@guichet/contract';
import { CircleAlert, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';

/** What is wrong or doubtful in files, errors first, each at its place. */
export function Findings({ findings }: { readonly findings: readonly PolicyFinding[] }): ReactNode {
  const m = useMessages().ui.editor;
  const sorted = findings.toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'));
  return (
    <ul className="flex flex-col gap-1 text-sm">
      {sorted.map(({ path, line, column, severity, message, remedy }) => (
        <li key={`${path}:${line}:${column}:${message}`} className="flex items-start gap-2">
          {severity === 'error' ? (
            <CircleAlert size={14} aria-hidden className="mt-0.75 shrink-0 text-bad" />
          ) : (
            <TriangleAlert size={14} aria-hidden className="mt-0.75 shrink-0 text-warn" />
          )}
          <span className="min-w-0 break-words">
            <span className="font-mono text-xs">
              {path}:{line}:{column}
            </span>{' '}
            <span className="sr-only">{m[severity]}: </span>
            {message}
            {remedy !== undefined && <span className="text-soft"> {remedy}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
