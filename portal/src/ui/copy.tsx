import { Check, Copy } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useMessages } from '../messages/index.tsx';
import { IconButton } from './button.tsx';
import { readable } from './readable.ts';
import { useCopy } from './use-copy.ts';

/** Copies a text, and says that it did. A long one may be given as what makes it. */
export function CopyButton({ text, label }: { readonly text: string | (() => string); readonly label?: string }): ReactNode {
  const m = useMessages();
  const copy = useCopy();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 1600);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <>
      <IconButton
        size="sm"
        icon={isCopied ? Check : Copy}
        label={isCopied ? m.ui.copied : (label ?? m.ui.copy)}
        onClick={() => void copy(typeof text === 'string' ? text : text()).then(setCopied)}
      />
      <span role="status" className="sr-only">
        {isCopied ? m.ui.copied : ''}
      </span>
    </>
  );
}

/** Something to read as it is, or to copy: a command, a document. */
export function Code({
  text,
  label,
  wrap = true,
}: {
  readonly text: string;
  readonly label: string;
  readonly wrap?: boolean;
}): ReactNode {
  return (
    <div className="flex items-start gap-1 rounded-md border border-line bg-sunken py-1 pr-1 pl-3">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is of a form; this is read */}
      <pre
        role="group"
        tabIndex={wrap ? undefined : 0}
        aria-label={label}
        className={`min-w-0 flex-1 py-1 font-mono text-xs ${wrap ? 'break-words whitespace-pre-wrap' : 'max-h-96 overflow-auto'}`}
      >
        {readable(text)}
      </pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}
