import type { RecordOutput as RecordData } from '@guichet/contract';
import type { ReactNode } from 'react';
import { Facts } from '../ui/facts.tsx';
import { FullCell } from './cell.tsx';
import { WithCommands } from './notes.tsx';

/** The outcome in one sentence, and its facts. */
export function RecordOutput({ output }: { readonly output: RecordData }): ReactNode {
  return (
    <div className="flex flex-col gap-3 p-4">
      <p className="text-base font-medium">
        <WithCommands text={output.summary} />
      </p>
      <Facts
        rows={output.fields.map(({ key, title, type, value }) => [
          title,
          value === null ? null : <FullCell key={key} value={value} type={type} title={title} />,
        ])}
      />
    </div>
  );
}
