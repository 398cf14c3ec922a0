import type { TableOutput } from '@guichet/contract';
import type { ReactNode } from 'react';
import type { Messages } from '../messages/en/index.ts';
import { useSpoken } from '../messages/index.tsx';
import type { Language } from '../messages/language.ts';
import { Badge } from '../ui/badge.tsx';
import { Code } from '../ui/copy.tsx';
import { bytes, duration, exactTime, number } from '../ui/format.ts';
import { readable } from '../ui/readable.ts';
import { Time } from '../ui/time.tsx';
import { toneOfState } from './state-tone.ts';

export type CellValue = TableOutput['rows'][number][string];
export type CellType = TableOutput['columns'][number]['type'];

export const isNumeric = (type: CellType): boolean => type === 'number' || type === 'duration' || type === 'bytes';

/** A value of a table or a record, drawn by its type. */
export function Cell({ value, type }: { readonly value: CellValue | undefined; readonly type: CellType }): ReactNode {
  const { language, messages } = useSpoken();
  if (value === null || value === undefined || value === '') return <span className="text-faint">–</span>;
  if (type === 'timestamp' && typeof value === 'string' && isTime(value)) return <Time at={value} />;
  if (type === 'state') return <Badge tone={toneOfState(String(value))}>{String(value)}</Badge>;
  if (type === 'code') return <code className="font-mono text-xs">{readable(String(value))}</code>;
  if (isNumeric(type)) return <span className="tabular-nums">{cellText(value, type, { language, messages })}</span>;
  return readable(cellText(value, type, { language, messages }));
}

/** The same with all the room it needs: long code is a block of its own, to copy. */
export function FullCell({
  value,
  type,
  title,
}: {
  readonly value: CellValue | undefined;
  readonly type: CellType;
  readonly title: string;
}): ReactNode {
  if (type === 'code' && typeof value === 'string' && value.length > 60) return <Code text={value} label={title} />;
  return <Cell value={value} type={type} />;
}

/** The value as it is read: for filters, widths and whoever copies it. */
export function cellText(
  value: CellValue | undefined,
  type: CellType,
  { language, messages }: { readonly language: Language; readonly messages: Messages },
): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? messages.ui.yes : messages.ui.no;
  if (type === 'timestamp' && typeof value === 'string' && isTime(value)) return exactTime(value, language);
  if (typeof value !== 'number') return value;
  if (type === 'duration') return duration(value);
  if (type === 'bytes') return bytes(value, language);
  return type === 'number' ? number(value, language) : String(value);
}

const isTime = (text: string): boolean => !Number.isNaN(Date.parse(text));
