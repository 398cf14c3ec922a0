import type { ReactNode } from 'react';
import { readable } from './readable.ts';

/** Names and what they are. Rows whose value is null or undefined are left out. */
export function Facts({ rows }: { readonly rows: readonly (readonly [name: string, value: ReactNode])[] }): ReactNode {
  return (
    <dl className="grid grid-cols-[minmax(6rem,max-content)_1fr] gap-x-4 gap-y-1.5 text-sm">
      {rows
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-faint">{name}</dt>
            <dd className="min-w-0 break-words">{typeof value === 'string' ? readable(value) : value}</dd>
          </div>
        ))}
    </dl>
  );
}
