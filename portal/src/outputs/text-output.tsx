import { Download } from 'lucide-react';
import { type ReactNode, useMemo, useState } from 'react';
import { useMessages } from '../messages/index.tsx';
import { IconButton } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Checkbox } from '../ui/field.tsx';
import { readable } from '../ui/readable.ts';
import { fileName, saveFile } from './export-rows.ts';

/** More is not drawn, which a browser would take seconds for: it is copied and saved whole. */
const MOST = 500_000;

/** A text as it is, like a log: lines wrapped or not, to copy or to save. */
export function TextOutput({ text, name }: { readonly text: string; readonly name: string }): ReactNode {
  const m = useMessages().outputs;
  const [wraps, setWraps] = useState(true);
  const shown = useMemo(() => readable(text.slice(0, MOST)), [text]);
  const lines = text.trimEnd().split('\n').length;
  return (
    <div className="flex min-w-0 flex-col">
      <div className="flex flex-wrap items-center gap-3 border-b border-line px-4 py-1.5">
        <span className="flex-1 text-xs text-faint tabular-nums">{text.length > MOST ? m.beginning(lines) : m.lines(lines)}</span>
        <Checkbox label={m.wrap} checked={wraps} onChange={setWraps} />
        <CopyButton text={text} />
        <IconButton
          size="sm"
          icon={Download}
          label={m.download}
          onClick={() => saveFile(fileName(name, 'txt'), text, 'text/plain')}
        />
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is of a form; this is read, and scrolled by keys */}
      <pre
        role="group"
        aria-label={m.text}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by Tab
        tabIndex={0}
        className={`max-h-[70dvh] overflow-auto bg-sunken px-4 py-3 font-mono text-xs leading-5 focus-visible:-outline-offset-2 ${wraps ? 'break-words whitespace-pre-wrap' : 'whitespace-pre'}`}
      >
        {shown}
      </pre>
    </div>
  );
}
