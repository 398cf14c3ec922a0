import type { ResponseOf } from '@guichet/client';
import type { ReactNode } from 'react';
import { useMessages, useSpoken } from '../../messages/index.tsx';
import { duration, number } from '../../ui/format.ts';
import { Panel } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';

/** How calls of a provider went in the last minutes, by what was asked of it. */
export function Figures({ figures }: { readonly figures: ResponseOf<'providers.show'>['figures'] }): ReactNode {
  const m = useMessages().providers;
  const { language } = useSpoken();
  const head = 'px-2 py-1.5 font-medium first:pl-4 last:pr-4';
  const cell = 'border-t border-line px-2 py-1.5 first:pl-4 last:pr-4';
  return (
    <Panel
      flush
      title={m.figures}
      actions={
        <span className="text-xs text-faint">
          {m.since} <Time at={figures.since} />
        </span>
      }
    >
      {figures.calls === 0 ? (
        <p className="px-4 py-3 text-sm text-soft">{m.noCalls}</p>
      ) : (
        <table className="w-full text-sm">
          <caption className="sr-only">{m.figures}</caption>
          <thead className="text-left text-xs text-faint">
            <tr>
              <th className={head}>{m.phase}</th>
              <th className={`${head} text-right`}>{m.calls}</th>
              <th className={`${head} text-right`}>{m.failed}</th>
              <th className={`${head} text-right`}>{m.p50}</th>
              <th className={`${head} text-right`}>{m.p95}</th>
            </tr>
          </thead>
          <tbody className="tabular-nums">
            {figures.phases.map(({ phase, calls, failed, p50Ms, p95Ms }) => (
              <tr key={phase}>
                <td className={cell}>{m.phases[phase]}</td>
                <td className={`${cell} text-right`}>{number(calls, language)}</td>
                <td className={`${cell} text-right ${failed > 0 ? 'font-medium text-bad' : 'text-faint'}`}>
                  {number(failed, language)}
                </td>
                <td className={`${cell} text-right`}>{duration(p50Ms / 1000)}</td>
                <td className={`${cell} text-right`}>{duration(p95Ms / 1000)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className="border-t border-line px-4 py-2 text-xs text-faint">
        {figures.errors.length > 0 && (
          <ul aria-label={m.errors} className="mb-1 flex flex-wrap gap-x-4 gap-y-1 text-sm text-ink">
            {figures.errors.map(({ code, calls }) => (
              <li key={code}>
                {code === 'broken' ? m.broken : <code className="font-mono text-xs">{code}</code>}{' '}
                <span className="text-faint">· {m.errorCalls(calls)}</span>
              </li>
            ))}
          </ul>
        )}
        <p>
          {figures.calls > 0 && figures.errors.length === 0 && `${m.noErrors} `}
          {m.figuresAbout}
        </p>
      </div>
    </Panel>
  );
}
