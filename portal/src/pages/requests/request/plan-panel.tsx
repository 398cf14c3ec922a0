import type { Request } from '@guichet/contract';
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { Panel } from '../../../ui/page.tsx';
import { readable, readableLines } from '../../../ui/readable.ts';

/** What would happen, in words: this is what people approve. */
export function PlanPanel({ request, isDone }: { readonly request: Request; readonly isDone: boolean }): ReactNode {
  const m = useMessages().request;
  const { plan, reason, requester } = request;
  return (
    <Panel title={isDone ? m.plan.titleDone : m.plan.title}>
      <figure className="mb-3 border-l-2 border-accent/50 pl-3">
        <blockquote className={reason === '' ? 'text-sm text-faint' : 'break-words whitespace-pre-wrap'}>
          {reason === '' ? m.noReason : readableLines(reason)}
        </blockquote>
        <figcaption className="text-xs text-faint">
          {m.reason} · {requester.name}
        </figcaption>
      </figure>
      {/* Its summary is the title of the page. */}
      <PlanEffects plan={plan} />
    </Panel>
  );
}

export function PlanText({ plan }: { readonly plan: Request['plan'] }): ReactNode {
  return (
    <div className="flex flex-col gap-3">
      <p className="text-base font-medium break-words">{readable(plan.summary)}</p>
      <PlanEffects plan={plan} />
    </div>
  );
}

function PlanEffects({ plan: { effects, warnings, resource } }: { readonly plan: Request['plan'] }): ReactNode {
  const m = useMessages().request.plan;
  return (
    <div className="flex flex-col gap-3">
      {effects.length > 0 && (
        <ul aria-label={m.effects} className="flex list-disc flex-col gap-1 pl-5 text-sm">
          {effects.map((effect) => (
            <li key={effect} className="break-words">
              {readable(effect)}
            </li>
          ))}
        </ul>
      )}
      {warnings.length > 0 && (
        <ul aria-label={m.warnings} className="flex flex-col gap-1">
          {warnings.map((warning) => (
            <li key={warning} className="flex gap-2 rounded-md border border-warn/30 bg-warn-tint px-3 py-1.5 text-sm">
              <TriangleAlert size={15} aria-hidden className="mt-0.5 shrink-0 text-warn" />
              <span className="min-w-0 break-words">{readable(warning)}</span>
            </li>
          ))}
        </ul>
      )}
      <p className="text-xs text-faint">
        {m.resource} <span className="font-mono text-soft">{readable(`${resource.type} ${resource.id}`)}</span>
        {resource.service !== undefined && ` · ${m.service} ${resource.service}`}
        {resource.owner !== undefined && ` · ${m.owner} ${resource.owner}`}
      </p>
    </div>
  );
}
