import { type ReactNode, useState } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { Code } from '../../../ui/copy.tsx';
import { Facts } from '../../../ui/facts.tsx';
import { Segmented } from '../../../ui/field.tsx';
import { Panel } from '../../../ui/page.tsx';
import { readable } from '../../../ui/readable.ts';

/** The input as it was when it was submitted; nothing changes it any more. */
export function InputPanel({ input }: { readonly input: Readonly<Record<string, unknown>> }): ReactNode {
  const m = useMessages().request.input;
  const [view, setView] = useState<'facts' | 'raw'>('facts');
  const entries = Object.entries(input);
  return (
    <Panel
      title={
        <>
          {m.title} <span className="ml-1 font-normal text-faint">{m.frozen}</span>
        </>
      }
      actions={
        entries.length > 0 && (
          <Segmented
            label={m.title}
            value={view}
            onChange={setView}
            items={[
              { value: 'facts', label: m.facts },
              { value: 'raw', label: m.raw },
            ]}
          />
        )
      }
    >
      {entries.length === 0 ? (
        <p className="text-sm text-faint">{m.none}</p>
      ) : view === 'raw' ? (
        <Code label={m.title} text={JSON.stringify(input, null, 2)} />
      ) : (
        <Facts rows={entries.map(([name, value]) => [name, <Value key={name} value={value} />] as const)} />
      )}
    </Panel>
  );
}

function Value({ value }: { readonly value: unknown }): ReactNode {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return <span className="font-mono text-xs break-words whitespace-pre-wrap">{readable(text)}</span>;
}
