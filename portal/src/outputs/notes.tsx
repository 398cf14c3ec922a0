import { Lightbulb } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../messages/index.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { commandsIn } from './commands-in.ts';

/** Sentences beside the data; a command in one of them can be copied. */
export function Notes({
  notes,
  beside,
}: {
  readonly notes: readonly string[] | undefined;
  /** What can be done about a note, such as a button that does what it says. */
  readonly beside?: ((note: string) => ReactNode) | undefined;
}): ReactNode {
  const m = useMessages().outputs;
  if (notes === undefined || notes.length === 0) return null;
  return (
    <ul aria-label={m.notes} className="flex flex-col gap-1 px-4 py-2 text-sm text-soft">
      {notes.map((note) => (
        <li key={note} className="flex items-start gap-2">
          <Lightbulb size={13} aria-hidden className="mt-1 shrink-0 text-faint" />
          <span className="min-w-0 break-words">
            <WithCommands text={note} /> {beside?.(note)}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** A sentence whose commands are set apart, each with a button that copies it. */
export function WithCommands({ text }: { readonly text: string }): ReactNode {
  const m = useMessages().outputs;
  return commandsIn(text).map((part) =>
    part.command ? (
      <span key={part.at} className="mx-0.5 inline-flex max-w-full items-center rounded bg-sunken pl-1.5 align-baseline">
        <code className="min-w-0 font-mono text-xs break-words whitespace-pre-wrap text-ink">{part.text}</code>
        <CopyButton text={part.text} label={m.copyCommand} />
      </span>
    ) : (
      part.text
    ),
  );
}
