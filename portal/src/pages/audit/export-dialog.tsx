import type { GuichetError } from '@guichet/contract';
import { Download } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { asProblem } from '../../api/gateway.ts';
import { useMessages, useSpoken } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { Code } from '../../ui/copy.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { number } from '../../ui/format.ts';
import { saveFile } from '../../ui/save-file.ts';
import { ErrorNote } from '../../ui/states.tsx';
import type { auditQuery } from './audit-filter.ts';
import { type ExportFormat, exportEvents, MOST_EVENTS } from './export-events.ts';

const COMMANDS = `guichet audit heads > heads.jsonl
guichet audit export > events.jsonl
guichet audit verify --export events.jsonl --heads heads.jsonl`;

type Going =
  | { readonly state: 'idle' }
  | { readonly state: 'going' | 'done'; readonly count: number; readonly isCut: boolean }
  | { readonly state: 'failed'; readonly error: GuichetError };

/** What the filters show as a file; and how to get all of it in a form that can be checked. */
export function ExportDialog({
  query,
  onClose,
}: {
  readonly query: ReturnType<typeof auditQuery>;
  readonly onClose: () => void;
}): ReactNode {
  const { audit, ui } = useMessages();
  const m = audit.export;
  const { language } = useSpoken();
  const [format, setFormat] = useState<ExportFormat>('jsonl');
  const [going, setGoing] = useState<Going>({ state: 'idle' });
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const limit = number(MOST_EVENTS, language);

  async function start(): Promise<void> {
    stop.current = new AbortController();
    const { signal } = stop.current;
    setGoing({ state: 'going', count: 0, isCut: false });
    try {
      const { text, count, isCut } = await exportEvents(query, {
        format,
        signal,
        onProgress: (count) => setGoing({ state: 'going', count, isCut: false }),
      });
      saveFile(`guichet-audit.${format}`, text, format === 'csv' ? 'text/csv' : 'application/x-ndjson');
      setGoing({ state: 'done', count, isCut });
    } catch (error) {
      setGoing(signal.aborted ? { state: 'idle' } : { state: 'failed', error: asProblem(error) });
    }
  }

  return (
    <Dialog open title={m.title} onClose={onClose} actions={<Button onClick={onClose}>{ui.close}</Button>}>
      <section className="flex flex-col gap-2">
        <h3 className="text-sm font-semibold">{m.these}</h3>
        <p className="text-sm text-soft">{m.theseText(limit)}</p>
        <div className="flex flex-wrap items-end gap-2">
          <Field label={m.format} className="w-40">
            <Select
              items={(['jsonl', 'csv'] as const).map((value) => ({ value, label: m.formats[value] }))}
              value={format}
              onChange={setFormat}
            />
          </Field>
          {going.state === 'going' ? (
            <Button onClick={() => stop.current.abort()}>{m.stop}</Button>
          ) : (
            <Button look="primary" icon={Download} onClick={() => void start()}>
              {m.start}
            </Button>
          )}
        </div>
        <p role="status" className="min-h-5 text-sm text-soft">
          {going.state === 'going' && m.progress(going.count)}
          {going.state === 'done' && `${m.done(going.count)}. ${going.isCut ? m.limit(limit) : ''}`}
        </p>
        {going.state === 'failed' && <ErrorNote error={going.error} />}
      </section>
      <section className="mt-3 flex flex-col gap-2 border-t border-line pt-3">
        <h3 className="text-sm font-semibold">{m.all}</h3>
        <p className="text-sm text-soft">{m.allText}</p>
        <Code text={COMMANDS} label={m.command} />
      </section>
    </Dialog>
  );
}
