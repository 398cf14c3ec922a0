import type { ConnectionOutput as ConnectionData, Output } from '@guichet/contract';
import { Download, ExternalLink } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { useMessages, useSpoken } from '../messages/index.tsx';
import { Button } from '../ui/button.tsx';
import { Code } from '../ui/copy.tsx';
import { Facts } from '../ui/facts.tsx';
import { bytes } from '../ui/format.ts';
import { saveFile } from './export-rows.ts';

type LinkData = Extract<Output, { kind: 'link' }>;
type FileData = Extract<Output, { kind: 'file' }>;

/** Leads out of the console: in a tab of its own, and the other side does not learn from where. */
export function LinkOutput({ output }: { readonly output: LinkData }): ReactNode {
  const m = useMessages().outputs;
  return (
    <p className="p-4">
      <a
        href={output.url}
        target="_blank"
        rel="noopener noreferrer"
        className="inline-flex items-center gap-1.5 text-accent underline"
      >
        {output.label}
        <ExternalLink size={13} aria-hidden />
        <span className="sr-only">({m.opensOutside})</span>
      </a>
      <span className="mt-1 block text-xs break-all text-faint">{output.url}</span>
    </p>
  );
}

export function FileOutput({ output }: { readonly output: FileData }): ReactNode {
  const { language, messages } = useSpoken();
  const m = messages.outputs;
  const content = useMemo(() => Uint8Array.from(atob(output.base64), (letter) => letter.charCodeAt(0)), [output.base64]);
  return (
    <div className="flex flex-wrap items-center gap-3 p-4">
      <span className="min-w-0 break-all">
        <span className="font-medium">{output.name}</span>{' '}
        <span className="text-sm text-faint">
          {output.mediaType}, {bytes(content.byteLength, language)}
        </span>
      </span>
      {/* Saved, whatever its type says: a page that a provider has made is not opened in ours. */}
      <Button icon={Download} onClick={() => saveFile(output.name, content, 'application/octet-stream')}>
        {m.download}
      </Button>
    </div>
  );
}

/** What an open connection leads to, and the command that holds it. */
export function ConnectionOutput({
  output,
  request,
}: {
  readonly output: ConnectionData;
  readonly request: string | undefined;
}): ReactNode {
  const m = useMessages().outputs;
  return (
    <div className="flex flex-col gap-3 p-4">
      {request !== undefined && (
        <>
          <p className="text-sm text-soft">{m.connect}</p>
          <Code text={`guichet requests connect ${request}`} label={m.copyCommand} />
        </>
      )}
      <Facts
        rows={[
          [m.connectTo, output.target],
          [m.database, output.database],
          [m.protocol, output.protocol],
        ]}
      />
    </div>
  );
}
