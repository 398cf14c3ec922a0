import { memo, type ReactNode } from 'react';
import { type CedarKind, cedarPieces } from '../../ui/cedar.ts';

const COLOURS: Readonly<Record<CedarKind, string>> = {
  comment: 'text-faint',
  string: 'text-good',
  keyword: 'font-semibold text-accent',
  annotation: 'text-warn',
  name: 'text-info',
  number: 'text-warn',
  plain: '',
};

/** A rule as its author wrote it, in colours; what is wider than its room goes on in the next line. */
export const CedarText = memo(function CedarText({ text }: { readonly text: string }): ReactNode {
  return (
    <pre className="min-w-0 rounded-md border border-line bg-sunken px-3 py-2 font-mono text-xs leading-5 [font-variant-ligatures:none] break-words whitespace-pre-wrap">
      {cedarPieces(text).map(({ kind, text: piece }, index) => (
        // Pieces of a text that does not change: their order is all they have.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <span key={index} className={COLOURS[kind]}>
          {piece}
        </span>
      ))}
    </pre>
  );
});
