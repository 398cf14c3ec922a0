import type { Output } from '@guichet/contract';
import { EyeOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../messages/index.tsx';
import { Chart } from '../ui/chart.tsx';
import { Note } from '../ui/states.tsx';
import { Notes } from './notes.tsx';
import { RecordOutput } from './record-output.tsx';
import { ConnectionOutput, FileOutput, LinkOutput } from './small-outputs.tsx';
import { TableOutput } from './table-output.tsx';
import { TextOutput } from './text-output.tsx';
import { TreeOutput } from './tree-output.tsx';

interface OutputViewProps {
  readonly output: Output;
  /** What it is an answer of, such as `postgres.activity`: the name of files that are saved, and of a table without a title. */
  readonly name: string;
  /** The request that gave it: a connection is opened by it. */
  readonly request?: string | undefined;
  /** What can be done about a note: see Notes. */
  readonly besideNote?: (note: string) => ReactNode;
}

/** What an action has given back, drawn by its kind. It fills a `<Panel flush>`. */
export function OutputView({ output, name, request, besideNote }: OutputViewProps): ReactNode {
  const m = useMessages().outputs;
  return (
    <div className="flex min-w-0 flex-col">
      {output.confidential === true && (
        <div className="px-4 pt-3">
          <Note icon={EyeOff}>{m.confidential}</Note>
        </div>
      )}
      {output.title !== undefined && <h3 className="px-4 pt-3 font-mono text-xs break-words text-soft">{output.title}</h3>}
      <ByKind output={output} name={name} request={request} />
      <Notes notes={output.notes} beside={besideNote} />
    </div>
  );
}

function ByKind({ output, name, request }: OutputViewProps): ReactNode {
  switch (output.kind) {
    case 'table':
      return <TableOutput output={output} name={name} />;
    case 'record':
      return <RecordOutput output={output} />;
    case 'tree':
      return <TreeOutput output={output} name={name} />;
    case 'text':
      return <TextOutput text={output.text} name={output.title ?? name} />;
    case 'timeseries':
      return (
        <div className="p-4">
          <Chart label={output.title ?? name} unit={output.unit} series={output.series} />
        </div>
      );
    case 'link':
      return <LinkOutput output={output} />;
    case 'file':
      return <FileOutput output={output} />;
    case 'connection':
      return <ConnectionOutput output={output} request={request} />;
  }
}
