import type { ReactNode } from 'react';
import { useSpoken } from '../../messages/index.tsx';
import { zonedTime } from '../../ui/format.ts';
import { Time } from '../../ui/time.tsx';

/** A time on the clocks of a zone, and how far off it is. */
export function ZonedTime({ at, zone }: { readonly at: string; readonly zone: string }): ReactNode {
  const { language } = useSpoken();
  return (
    <span className="tabular-nums">
      {zonedTime(at, zone, language)}{' '}
      <span className="text-xs text-faint">
        (<Time at={at} />)
      </span>
    </span>
  );
}
